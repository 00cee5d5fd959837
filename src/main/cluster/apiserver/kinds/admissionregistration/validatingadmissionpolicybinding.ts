import type { ValidatingAdmissionPolicyBinding } from '#shared/kube/generated/types.ts'
import { fieldDuplicate, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkBinding, setMatchDefaults } from '../../validation/policies.ts'
import { age, text } from '../../api/columns.ts'

const actions = ['Audit', 'Deny', 'Warn']

/** Where a validating policy applies, with which parameters, and what happens on violations. */
export const validatingAdmissionPolicyBinding: KindDeclaration<ValidatingAdmissionPolicyBinding> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  unconditionalUpdate: false,
  plural: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  setDefaults: ({ spec }) => setMatchDefaults(spec?.matchResources),
  validate({ spec }) {
    const errors: FieldError[] = []
    if (!spec) return [fieldRequired('spec')]
    checkBinding(spec, errors)
    const chosen = spec.validationActions ?? []
    if (chosen.length === 0)
      errors.push(fieldRequired('spec.validationActions', 'at least one validation action is required'))
    if (chosen.includes('Deny') && chosen.includes('Warn'))
      errors.push(
        fieldInvalid(
          'spec.validationActions',
          chosen,
          'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ),
      )
    chosen.forEach((action, i) => {
      if (!actions.includes(action)) errors.push(fieldNotSupported(`spec.validationActions[${i}]`, action, actions))
      if (chosen.indexOf(action) !== i) errors.push(fieldDuplicate(`spec.validationActions[${i}]`, action))
    })
    return errors
  },
  columns: [
    text('PolicyName', 'The policy that is bound.', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', 'Where its parameters are.', ({ spec }) => spec?.paramRef?.name ?? '<unset>'),
    age,
  ],
}
