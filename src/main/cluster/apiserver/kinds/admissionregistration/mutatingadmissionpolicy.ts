import type { MutatingAdmissionPolicy } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkOneOf } from '../../validation/fields.ts'
import { checkMutatedOperations, checkPolicy, setMatchDefaults } from '../../validation/policies.ts'
import { age, count, text } from '../../api/columns.ts'

/** CEL mutations that admission applies to objects. */
export const mutatingAdmissionPolicy: KindDeclaration<MutatingAdmissionPolicy> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  unconditionalUpdate: false,
  plural: 'mutatingadmissionpolicies',
  singular: 'mutatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy',
  setDefaults({ spec }) {
    if (!spec) return
    spec.failurePolicy ??= 'Fail'
    setMatchDefaults(spec.matchConstraints)
  },
  validate,
  columns: [
    count('Mutations', 'How many changes there are.', ({ spec }) => spec?.mutations?.length),
    text('ParamKind', 'The kind that parameters of the policy are of.', ({ spec }) =>
      spec?.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : '<unset>',
    ),
    age,
  ],
}

const patchTypes = ['ApplyConfiguration', 'JSONPatch']

function validate({ spec }: MutatingAdmissionPolicy): FieldError[] {
  const errors: FieldError[] = []
  if (!spec) return [fieldRequired('spec')]
  const check = checkPolicy(spec, errors)
  checkMutatedOperations(spec.matchConstraints, 'spec.matchConstraints', errors)
  if (!spec.mutations?.length) errors.push(fieldRequired('spec.mutations', 'mutations must contain at least one item'))
  spec.mutations?.forEach(({ patchType, applyConfiguration, jsonPatch }, i) => {
    const field = `spec.mutations[${i}]`
    const other = patchType === 'JSONPatch' ? 'applyConfiguration' : 'jsonPatch'
    if ((other === 'jsonPatch' ? jsonPatch : applyConfiguration) !== undefined && patchTypes.includes(patchType))
      errors.push(
        fieldInvalid(`${field}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`),
      )
    checkOneOf(patchType, patchTypes, `${field}.patchType`, errors)
    const [part, expression] =
      patchType === 'JSONPatch'
        ? ['jsonPatch', jsonPatch?.expression]
        : ['applyConfiguration', applyConfiguration?.expression]
    if (!expression?.trim()) errors.push(fieldRequired(`${field}.${part}.expression`, 'expression is not specified'))
    else check(expression, undefined, `${field}.${part}.expression`)
  })
  checkOneOf(spec.reinvocationPolicy, ['IfNeeded', 'Never'], 'spec.reinvocationPolicy', errors)
  return errors
}
