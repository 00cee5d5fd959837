import type { ValidatingAdmissionPolicy } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { qualifiedNameProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { addInvalid, checkSupported } from '../../validation/fields.ts'
import { checkPolicy, setMatchDefaults } from '../../validation/policies.ts'
import { age, count, text } from '../../api/columns.ts'

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']

/** CEL rules that admission validates objects by. */
export const validatingAdmissionPolicy: KindDeclaration<ValidatingAdmissionPolicy> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  unconditionalUpdate: false,
  plural: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  setDefaults({ spec }) {
    if (!spec) return
    spec.failurePolicy ??= 'Fail'
    setMatchDefaults(spec.matchConstraints)
  },
  validate,
  status: {},
  columns: [
    count('Validations', 'How many rules there are.', ({ spec }) => spec?.validations?.length),
    text('ParamKind', 'The kind that parameters of the policy are of.', ({ spec }) =>
      spec?.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : '<unset>',
    ),
    age,
  ],
}

function validate({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const errors: FieldError[] = []
  if (!spec) return [fieldRequired('spec')]
  const check = checkPolicy(spec, errors)
  const { validations = [], auditAnnotations = [] } = spec
  if (validations.length === 0 && auditAnnotations.length === 0)
    for (const field of ['spec.validations', 'spec.auditAnnotations'])
      errors.push(fieldRequired(field, 'validations or auditAnnotations must contain at least one item'))
  validations.forEach(({ expression, message, messageExpression, reason }, i) => {
    const field = `spec.validations[${i}]`
    if (!expression?.trim()) errors.push(fieldRequired(`${field}.expression`, 'expression is not specified'))
    check(expression, 'bool', `${field}.expression`)
    check(messageExpression, 'string', `${field}.messageExpression`)
    if (message !== undefined && message.includes('\n'))
      errors.push(fieldInvalid(`${field}.message`, message, 'message must not contain line breaks'))
    else if (message === undefined && expression?.includes('\n') && !messageExpression)
      errors.push(fieldRequired(`${field}.message`, 'message must be specified if expression contains line breaks'))
    checkSupported(reason, reasons, `${field}.reason`, errors)
  })
  auditAnnotations.forEach(({ key, valueExpression }, i) => {
    const name = `${metadata.name ?? ''}/${key ?? ''}`
    addInvalid(qualifiedNameProblems(name), name, `spec.auditAnnotations[${i}].key`, errors)
    const field = `spec.auditAnnotations[${i}].valueExpression`
    if (!valueExpression?.trim()) errors.push(fieldRequired(field, 'valueExpression is not specified'))
    check(valueExpression, undefined, field)
  })
  return errors
}
