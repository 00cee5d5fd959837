import type { MutatingAdmissionPolicy } from '#shared/kube/generated/types.ts'
import { mutatingAdmissionPolicies } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const mutatingAdmissionPolicy = describe<MutatingAdmissionPolicy>({
  resource: mutatingAdmissionPolicies,
  title: 'MutatingAdmissionPolicies',
  group: 'admission',
  columns: [
    { id: 'mutations', value: ({ spec }) => spec?.mutations?.length ?? 0, numeric: true, width: '110px' },
    { id: 'onFailure', value: ({ spec }) => spec?.failurePolicy ?? 'Fail', width: '116px' },
    { id: 'parameterKind', value: ({ spec }) => spec?.paramKind?.kind ?? '', width: '160px' },
    {
      id: 'resources',
      value: ({ spec }) =>
        (spec?.matchConstraints?.resourceRules ?? []).map(({ resources }) => (resources ?? []).join(', ')).join(', '),
    },
  ],
})
