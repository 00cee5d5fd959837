/** A rule of RBAC, as Role and ClusterRole hold it. */
export interface AllowingRule {
  verbs: readonly string[]
  apiGroups?: readonly string[]
  resources?: readonly string[]
  resourceNames?: readonly string[]
  nonResourceURLs?: readonly string[]
}

/** What a rule is asked about: a resource, or a path that is none. */
export type AskedRequest =
  | { resourceRequest: true; verb: string; group: string; resource: string; subresource: string; name: string }
  | { resourceRequest: false; verb: string; path: string }

/** Whether a rule allows a request. A rule with names allows none of a request without one. */
export function ruleAllows(rule: AllowingRule, asked: AskedRequest): boolean {
  if (!includes(rule.verbs, asked.verb)) return false
  if (!asked.resourceRequest) return rule.nonResourceURLs?.some((url) => urlMatches(url, asked.path)) ?? false
  return (
    includes(rule.apiGroups, asked.group) &&
    (rule.resources?.some((resource) => resourceMatches(resource, asked)) ?? false) &&
    nameMatches(rule.resourceNames, asked.name)
  )
}

export const includes = (values: readonly string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes(value) || values.includes('*'))

/** A rule names `pods`, `pods/log`, `*` for everything, or `*` followed by a subresource. */
export function resourceMatches(
  pattern: string,
  { resource, subresource }: { resource: string; subresource: string },
): boolean {
  if (pattern === '*') return true
  if (subresource === '') return pattern === resource
  return (
    pattern.length > subresource.length &&
    pattern.endsWith(subresource) &&
    (pattern === `${resource}/${subresource}` || pattern === `*/${subresource}`)
  )
}

const nameMatches = (names: readonly string[] | undefined, name: string): boolean =>
  names === undefined || names.length === 0 || names.includes(name)

export const urlMatches = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))
