import type {
  FlowcontrolSubject,
  FlowSchema,
  NonResourcePolicyRule,
  ResourcePolicyRule,
} from '#shared/kube/generated/types.ts'
import type { AuthorizationAttributes, NonResourceAttributes, ResourceAttributes, UserInfo } from '../api/access.ts'

/** Tells whether a request is one of a FlowSchema. */
export type Matcher = (request: AuthorizationAttributes) => boolean

/** Compiles the rules of a FlowSchema: a request needs one whose subjects and whose requests both match. */
export function matcherOf({ rules }: NonNullable<FlowSchema['spec']>): Matcher {
  const compiled = (rules ?? []).map(({ subjects, resourceRules, nonResourceRules }) => ({
    subject: subjectMatcher(subjects ?? []),
    resources: (resourceRules ?? []).map(resourceMatcher),
    paths: (nonResourceRules ?? []).map(pathMatcher),
  }))
  return (request) =>
    compiled.some(
      ({ subject, resources, paths }) =>
        subject(request.user) &&
        (request.resourceRequest
          ? resources.some((matches) => matches(request))
          : paths.some((matches) => matches(request))),
    )
}

const accountPrefix = 'system:serviceaccount:'

/** By user name, group or service account; `*` is every one. */
function subjectMatcher(subjects: readonly FlowcontrolSubject[]): (user: UserInfo) => boolean {
  const users = new Set<string>()
  const groups = new Set<string>()
  /** Prefixes of the names of all service accounts of a namespace. */
  const namespaces: string[] = []
  for (const { kind, user, group, serviceAccount } of subjects) {
    if (kind === 'User' && user) users.add(user.name)
    if (kind === 'Group' && group) groups.add(group.name)
    if (kind !== 'ServiceAccount' || !serviceAccount) continue
    const prefix = `${accountPrefix}${serviceAccount.namespace}:`
    if (serviceAccount.name === '*') namespaces.push(prefix)
    else users.add(prefix + serviceAccount.name)
  }
  const everybody = users.has('*') || groups.has('*')
  return (user) =>
    everybody ||
    users.has(user.name) ||
    user.groups.some((group) => groups.has(group)) ||
    namespaces.some((prefix) => user.name.startsWith(prefix))
}

type Values = (value: string) => boolean

/** Whether a value is in a list, of which `*` stands for all. */
function anyOf(values: readonly string[]): Values {
  if (values.includes('*')) return () => true
  const known = new Set(values)
  return (value) => known.has(value)
}

function resourceMatcher(rule: ResourcePolicyRule): (request: ResourceAttributes) => boolean {
  const verbs = anyOf(rule.verbs)
  const groups = anyOf(rule.apiGroups)
  const resources = anyOf(rule.resources)
  const namespaces = anyOf(rule.namespaces ?? [])
  return ({ verb, group, resource, subresource, namespace }) =>
    verbs(verb) &&
    groups(group) &&
    resources(subresource === '' ? resource : `${resource}/${subresource}`) &&
    (namespace === '' ? rule.clusterScope === true : namespaces(namespace))
}

function pathMatcher({ verbs, nonResourceURLs }: NonResourcePolicyRule): (request: NonResourceAttributes) => boolean {
  const verb = anyOf(verbs)
  const exact = anyOf(nonResourceURLs)
  const prefixes = nonResourceURLs.filter((url) => url.endsWith('/*')).map((url) => url.slice(0, -1))
  return (request) =>
    verb(request.verb) && (exact(request.path) || prefixes.some((prefix) => request.path.startsWith(prefix)))
}
