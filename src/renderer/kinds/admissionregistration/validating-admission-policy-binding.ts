import type { ValidatingAdmissionPolicyBinding } from '#shared/kube/generated/types.ts'
import { validatingAdmissionPolicyBindings } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const validatingAdmissionPolicyBinding = describe<ValidatingAdmissionPolicyBinding>({
  resource: validatingAdmissionPolicyBindings,
  title: 'ValidatingAdmissionPolicyBindings',
  group: 'admission',
  columns: [
    { id: 'policy', value: ({ spec }) => spec?.policyName ?? '', isName: true },
    { id: 'actions', value: ({ spec }) => (spec?.validationActions ?? []).join(', '), width: '130px' },
    { id: 'parameters', value: ({ spec }) => spec?.paramRef?.name ?? '' },
  ],
})
