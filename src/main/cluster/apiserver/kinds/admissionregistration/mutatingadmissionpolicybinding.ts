import type { MutatingAdmissionPolicyBinding } from '#shared/kube/generated/types.ts'
import { fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkBinding, checkMutatedOperations, setMatchDefaults } from '../../validation/policies.ts'
import { age, text } from '../../api/columns.ts'

/** Where a mutating policy applies, and with which parameters. */
export const mutatingAdmissionPolicyBinding: KindDeclaration<MutatingAdmissionPolicyBinding> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  unconditionalUpdate: false,
  plural: 'mutatingadmissionpolicybindings',
  singular: 'mutatingadmissionpolicybinding',
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  setDefaults: ({ spec }) => setMatchDefaults(spec?.matchResources),
  validate({ spec }) {
    const errors: FieldError[] = []
    if (!spec) return [fieldRequired('spec')]
    checkBinding(spec, errors)
    checkMutatedOperations(spec.matchResources, 'spec.matchResources', errors)
    return errors
  },
  columns: [
    text('PolicyName', 'The policy that is bound.', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', 'Where its parameters are.', ({ spec }) => spec?.paramRef?.name ?? '<unset>'),
    age,
  ],
}
