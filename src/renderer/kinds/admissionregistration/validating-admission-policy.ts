import type { ValidatingAdmissionPolicy } from '#shared/kube/generated/types.ts'
import { validatingAdmissionPolicies } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const validatingAdmissionPolicy = describe<ValidatingAdmissionPolicy>({
  resource: validatingAdmissionPolicies,
  title: 'ValidatingAdmissionPolicies',
  group: 'admission',
  columns: [
    { id: 'validations', value: ({ spec }) => spec?.validations?.length ?? 0, numeric: true, width: '110px' },
    { id: 'onFailure', value: ({ spec }) => spec?.failurePolicy ?? 'Fail', width: '116px' },
    { id: 'parameterKind', value: ({ spec }) => spec?.paramKind?.kind ?? '', width: '160px' },
    {
      id: 'resources',
      value: ({ spec }) =>
        (spec?.matchConstraints?.resourceRules ?? []).map(({ resources }) => (resources ?? []).join(', ')).join(', '),
    },
  ],
})
