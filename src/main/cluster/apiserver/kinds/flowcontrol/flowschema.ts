import type {
  FlowcontrolSubject,
  FlowSchema,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
} from '#shared/kube/generated/types.ts'
import { fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { labelProblems, subdomainProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import type { Wire } from '../../api/wire.ts'
import { addInvalid } from '../../validation/fields.ts'
import { flowConditionFindings } from '../../validation/status.ts'
import { age, figure, text } from '../../api/columns.ts'

/** Classifies requests into flows and assigns a priority level. */
export const flowSchema: KindDeclaration<FlowSchema> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  metadataOnUpdate: 'object',
  schema: 'io.k8s.api.flowcontrol.v1.FlowSchema',
  setDefaults({ spec }) {
    if (spec) spec.matchingPrecedence ??= 1000
  },
  prepareForCreate(object) {
    object.status = {}
  },
  status: { validateStatus: ({ status }) => flowConditionFindings(status?.conditions) },
  validate,
  columns: [
    text(
      'PriorityLevel',
      'The priority level of its requests.',
      ({ spec }) => spec?.priorityLevelConfiguration.name ?? '',
    ),
    figure('MatchingPrecedence', 'Lower ones are asked first.', ({ spec }) => spec?.matchingPrecedence),
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
  const method = distinguisherMethod?.type ?? ''
  const methods = ['ByNamespace', 'ByUser']
  if (distinguisherMethod && !methods.includes(method))
    errors.push(fieldNotSupported('spec.distinguisherMethod.type', { Type: method }, methods))
  const level = priorityLevelConfiguration?.name
  if (!level) errors.push(fieldRequired('spec.priorityLevelConfiguration.name', 'must reference a priority level'))
  else addInvalid(subdomainProblems(level), level, 'spec.priorityLevelConfiguration.name', errors)
  rules.forEach((rule, i) => {
    checkRule(rule, `spec.rules[${i}]`, errors)
  })
  return errors
}

function checkRule(rule: Wire<PolicyRulesWithSubjects>, field: string, errors: FieldError[]): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule
  if (subjects.length === 0) errors.push(fieldRequired(`${field}.subjects`, 'subjects must contain at least one value'))
  subjects.forEach((subject, i) => {
    checkSubject(subject, `${field}.subjects[${i}]`, errors)
  })
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(fieldRequired(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  resourceRules.forEach((one, i) => {
    checkResourceRule(one, `${field}.resourceRules[${i}]`, errors)
  })
  nonResourceRules.forEach(({ verbs = [], nonResourceURLs = [] }, i) => {
    const at = `${field}.nonResourceRules[${i}]`
    checkVerbs(verbs, at, errors)
    checkUrls(nonResourceURLs, `${at}.nonResourceURLs`, errors)
  })
}

const parts = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const

function checkSubject(subject: Wire<FlowcontrolSubject>, field: string, errors: FieldError[]): void {
  const { kind = '', group, user, serviceAccount } = subject
  const kinds = Object.keys(parts)
  if (!kinds.includes(kind)) {
    errors.push(fieldNotSupported(`${field}.kind`, kind, kinds))
    return
  }
  for (const [name, part] of Object.entries(parts)) {
    if (name === kind) {
      if (!subject[part])
        errors.push(fieldRequired(`${field}.${part}`, `${part} is required when subject kind is '${kind}'`))
    } else if (subject[part])
      errors.push(fieldForbidden(`${field}.${part}`, `${part} is forbidden when subject kind is not '${name}'`))
  }
  if (kind === 'Group' && group && !group.name) errors.push(fieldRequired(`${field}.group.name`))
  if (kind === 'User' && user && !user.name) errors.push(fieldRequired(`${field}.user.name`))
  if (kind === 'ServiceAccount' && serviceAccount) checkAccount(serviceAccount, `${field}.serviceAccount`, errors)
}

function checkAccount(
  { name = '', namespace = '' }: Wire<ServiceAccountSubject>,
  field: string,
  errors: FieldError[],
): void {
  if (name === '') errors.push(fieldRequired(`${field}.name`))
  else if (name !== '*') addInvalid(subdomainProblems(name), name, `${field}.name`, errors)
  if (namespace === '') errors.push(fieldRequired(`${field}.namespace`, 'must specify namespace for service account'))
  else addInvalid(labelProblems(namespace), namespace, `${field}.namespace`, errors)
}

function checkResourceRule(rule: Wire<ResourcePolicyRule>, field: string, errors: FieldError[]): void {
  const { verbs = [], apiGroups = [], resources = [], namespaces = [], clusterScope } = rule
  checkVerbs(verbs, field, errors)
  if (apiGroups.length === 0)
    errors.push(fieldRequired(`${field}.apiGroups`, 'resource rules must supply at least one api group'))
  checkStar(apiGroups, 'api groups', `${field}.apiGroups`, errors)
  if (resources.length === 0)
    errors.push(fieldRequired(`${field}.resources`, 'resource rules must supply at least one resource'))
  checkStar(resources, 'resources', `${field}.resources`, errors)
  if (namespaces.length === 0 && !clusterScope)
    errors.push(
      fieldRequired(
        `${field}.namespaces`,
        'resource rules that are not cluster scoped must supply at least one namespace',
      ),
    )
  if (namespaces.length > 1) checkStar(namespaces, 'namespaces', `${field}.namespaces`, errors)
  namespaces.forEach((namespace, i) => {
    if (namespace === '*') return
    for (const problem of labelProblems(namespace))
      errors.push(
        fieldInvalid(
          `${field}.namespaces[${i}]`,
          namespace,
          `each member of this list must be '*' or a DNS-1123 label; ${problem}`,
        ),
      )
  })
}

function checkStar(values: readonly string[], what: string, field: string, errors: FieldError[]): void {
  if (values.length > 1 && values.includes('*'))
    errors.push(fieldInvalid(field, values, `if '*' is present, must not specify other ${what}`))
}

const knownVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

function checkVerbs(verbs: readonly string[], field: string, errors: FieldError[]): void {
  const at = `${field}.verbs`
  if (verbs.length === 0) errors.push(fieldRequired(at, 'verbs must contain at least one value'))
  else if (verbs.includes('*')) checkStar(verbs, 'verbs', at, errors)
  else if (verbs.some((verb) => !knownVerbs.includes(verb))) errors.push(fieldNotSupported(at, verbs, knownVerbs))
}

function checkUrls(urls: readonly string[], field: string, errors: FieldError[]): void {
  if (urls.length === 0) errors.push(fieldRequired(field, 'nonResourceURLs must contain at least one value'))
  if (urls.includes('*')) {
    if (urls.length > 1)
      errors.push(fieldInvalid(field, urls, "if '*' is present, must not specify other non-resource URLs"))
    return
  }
  urls.forEach((url, i) => {
    const problem = urlProblem(url)
    if (problem !== undefined) errors.push(fieldInvalid(`${field}[${i}]`, url, problem))
  })
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (url === '/') return undefined
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const star = url.indexOf('*')
  if (star !== -1 && (star < url.length - 1 || !url.endsWith('/*'))) return 'wildcard can only do suffix matching'
  return undefined
}
