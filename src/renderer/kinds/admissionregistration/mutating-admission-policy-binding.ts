import type { MutatingAdmissionPolicyBinding } from '#shared/kube/generated/types.ts'
import { mutatingAdmissionPolicyBindings } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const mutatingAdmissionPolicyBinding = describe<MutatingAdmissionPolicyBinding>({
  resource: mutatingAdmissionPolicyBindings,
  title: 'MutatingAdmissionPolicyBindings',
  group: 'admission',
  columns: [
    { id: 'policy', value: ({ spec }) => spec?.policyName ?? '', isName: true },
    { id: 'parameters', value: ({ spec }) => spec?.paramRef?.name ?? '' },
  ],
})
