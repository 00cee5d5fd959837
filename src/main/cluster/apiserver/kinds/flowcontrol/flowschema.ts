import type { FlowSchema } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { checkOneOf, checkSupported } from '../../validation/fields.ts'
import { age, count, text } from '../../api/columns.ts'

/** Classifies requests into flows and assigns a priority level. */
export const flowSchema: KindDeclaration<FlowSchema> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.FlowSchema',
  setDefaults({ spec }) {
    if (spec) spec.matchingPrecedence ??= 1000
  },
  prepareForCreate(object) {
    object.status = {}
  },
  status: {},
  validate,
  columns: [
    text(
      'PriorityLevel',
      'The priority level of its requests.',
      ({ spec }) => spec?.priorityLevelConfiguration.name ?? '',
    ),
    count('MatchingPrecedence', 'Lower ones are asked first.', ({ spec }) => spec?.matchingPrecedence),
    text(
      'DistinguisherMethod',
      'What tells its flows apart.',
      ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>',
    ),
    age,
    text('MissingPL', 'Whether its priority level is missing.', ({ status }) => {
      const dangling = status?.conditions?.find(({ type }) => type === 'Dangling')
      return dangling?.status ?? '?'
    }),
  ],
}

function validate({ metadata, spec }: FlowSchema): FieldError[] {
  const errors: FieldError[] = []
  const { matchingPrecedence = 0, priorityLevelConfiguration, distinguisherMethod, rules = [] } = spec ?? {}
  if (matchingPrecedence <= 0 || matchingPrecedence > 10_000)
    errors.push(fieldInvalid('spec.matchingPrecedence', matchingPrecedence, 'must be a value between 1 and 10000'))
  if (matchingPrecedence === 1 && metadata.name !== 'exempt')
    errors.push(
      fieldInvalid('spec.matchingPrecedence', 1, "only the schema named 'exempt' may have matchingPrecedence 1"),
    )
  if (!priorityLevelConfiguration?.name)
    errors.push(fieldRequired('spec.priorityLevelConfiguration.name', 'must reference a priority level'))
  checkSupported(distinguisherMethod?.type, ['ByNamespace', 'ByUser'], 'spec.distinguisherMethod.type', errors)
  rules.forEach(({ subjects, resourceRules = [], nonResourceRules = [] }, i) => {
    const field = `spec.rules[${i}]`
    if (subjects.length === 0)
      errors.push(fieldRequired(`${field}.subjects`, 'subjects must contain at least one value'))
    subjects?.forEach((subject, j) =>
      checkOneOf(subject.kind, ['Group', 'ServiceAccount', 'User'], `${field}.subjects[${j}].kind`, errors),
    )
    if (resourceRules.length === 0 && nonResourceRules.length === 0)
      errors.push(fieldRequired(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
    resourceRules.forEach((rule, j) => {
      const at = `${field}.resourceRules[${j}]`
      if (!rule.verbs?.length) errors.push(fieldRequired(`${at}.verbs`))
      if (!rule.apiGroups?.length) errors.push(fieldRequired(`${at}.apiGroups`))
      if (!rule.resources?.length) errors.push(fieldRequired(`${at}.resources`))
      if (!rule.namespaces?.length && !rule.clusterScope)
        errors.push(
          fieldRequired(
            `${at}.namespaces`,
            'resource rules that are not cluster scoped must supply at least one namespace',
          ),
        )
    })
    nonResourceRules.forEach((rule, j) => {
      if (!rule.verbs?.length) errors.push(fieldRequired(`${field}.nonResourceRules[${j}].verbs`))
      if (!rule.nonResourceURLs?.length) errors.push(fieldRequired(`${field}.nonResourceRules[${j}].nonResourceURLs`))
    })
  })
  return errors
}
