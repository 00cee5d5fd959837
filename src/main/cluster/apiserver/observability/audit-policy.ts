import type { UserInfo } from '../api/access.ts'
import type { Route } from '../api/route.ts'

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse'
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic'

/** `audit.k8s.io/v1` Policy. */
export interface AuditPolicy {
  rules: readonly AuditRule[]
  omitStages?: readonly AuditStage[]
  /** Records bodies without `metadata.managedFields`; a rule may override it. */
  omitManagedFields?: boolean
}

export interface AuditRule {
  level: AuditLevel
  users?: readonly string[]
  userGroups?: readonly string[]
  verbs?: readonly string[]
  /** '' is the core group. */
  resources?: readonly { group?: string; resources?: readonly string[]; resourceNames?: readonly string[] }[]
  namespaces?: readonly string[]
  nonResourceURLs?: readonly string[]
  omitStages?: readonly AuditStage[]
  omitManagedFields?: boolean
}

/** How a request is recorded: by the first rule that matches. */
export function auditOrder(
  policy: AuditPolicy,
  route: Route,
  user: UserInfo,
): { level: AuditLevel; omitStages: readonly AuditStage[]; omitManagedFields: boolean } {
  const rule = policy.rules.find((candidate) => matches(candidate, route, user))
  return {
    level: rule?.level ?? 'None',
    omitStages: [...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])],
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields ?? false,
  }
}

const named = (names: readonly string[] | undefined): names is readonly string[] =>
  names !== undefined && names.length > 0

function matches(rule: AuditRule, route: Route, user: UserInfo): boolean {
  if (named(rule.users) && !rule.users.includes(user.name)) return false
  if (named(rule.userGroups) && !rule.userGroups.some((group) => user.groups.includes(group))) return false
  if (named(rule.verbs) && !rule.verbs.includes(route.verb)) return false
  const { info } = route
  const ofResources = (rule.resources?.length ?? 0) > 0
  if (!ofResources && !named(rule.namespaces) && !named(rule.nonResourceURLs)) return true
  if (!info) return (rule.nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, route.path))
  if (!ofResources && !named(rule.namespaces)) return false
  if (named(rule.namespaces) && !rule.namespaces.includes(info.namespace)) return false
  return !ofResources || (rule.resources ?? []).some((resources) => matchesResource(resources, info))
}

const matchesPath = (pattern: string, path: string): boolean =>
  pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))

// Patterns are `pods`, `pods/log`, `pods/*`, `*/scale` and `*`; a plain name does not mean its subresources.
function matchesResource(
  { group = '', resources, resourceNames }: NonNullable<AuditRule['resources']>[number],
  info: NonNullable<Route['info']>,
): boolean {
  if (group !== info.group) return false
  if (named(resourceNames) && !resourceNames.includes(info.name)) return false
  if (!named(resources)) return true
  const whole = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  return resources.some(
    (pattern) =>
      pattern === '*' ||
      pattern === whole ||
      pattern === `${info.resource}/*` ||
      (info.subresource !== '' && pattern === `*/${info.subresource}`),
  )
}

/** For a policy without rules: metadata of every request except those for health, metrics and version. */
const defaultRules: readonly AuditRule[] = [
  { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/metrics', '/version'] },
  { level: 'Metadata' },
]

/** @throws Error when the document is not a Policy */
export function auditPolicyOf(document: unknown): AuditPolicy {
  const {
    kind,
    apiVersion,
    rules,
    omitStages = [],
    omitManagedFields = false,
  } = (document ?? {}) as Partial<AuditPolicy> & Record<string, unknown>
  if (kind !== 'Policy' || apiVersion !== 'audit.k8s.io/v1') throw new Error('not an audit.k8s.io/v1 Policy')
  return { omitStages, omitManagedFields, rules: rules && rules.length > 0 ? rules : defaultRules }
}
