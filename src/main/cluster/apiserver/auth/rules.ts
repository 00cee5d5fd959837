import { includes, resourceMatches, urlMatches } from '#shared/kube/policy-rules.ts'
import type { PolicyRule } from './rbac-types.ts'

/**
 * The parts of `wanted` that no rule in `held` covers: the permissions that a user would grant beyond their own. Empty
 * when everything is covered.
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const uncovered: PolicyRule[] = []
  for (const rule of wanted) {
    for (const part of breakDown(rule)) if (!held.some((own) => covers(own, part))) uncovered.push(part)
  }
  return compact(uncovered)
}

/** Formats a rule as Kubernetes does in messages: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`. */
export function ruleText({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const fields = {
    APIGroups: apiGroups,
    Resources: resources,
    ResourceNames: resourceNames,
    NonResourceURLs: nonResourceURLs,
    Verbs: verbs,
  }
  const texts = Object.entries(fields).flatMap(([name, values]) =>
    values && values.length > 0 ? [`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`] : [],
  )
  return `{${texts.join(', ')}}`
}

/** Splits a rule into one per verb, group, resource and name, or per verb and URL. */
function* breakDown(rule: PolicyRule): Iterable<PolicyRule> {
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] }
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] }
        if (!rule.resourceNames?.length) yield part
        for (const name of rule.resourceNames ?? []) yield { ...part, resourceNames: [name] }
      }
    }
  }
}

/** Whether `own` covers `part`, a rule split by `breakDown`. */
function covers(own: PolicyRule, part: PolicyRule): boolean {
  if (!includes(own.verbs, part.verbs[0] ?? '')) return false
  const url = part.nonResourceURLs?.[0]
  if (url !== undefined) return own.nonResourceURLs?.some((pattern) => urlMatches(pattern, url)) ?? false
  const [resource = '', subresource = ''] = (part.resources?.[0] ?? '').split('/')
  const name = part.resourceNames?.[0]
  return (
    includes(own.apiGroups, part.apiGroups?.[0] ?? '') &&
    (own.resources?.some((pattern) => resourceMatches(pattern, { resource, subresource })) ?? false) &&
    (!own.resourceNames?.length || (name !== undefined && own.resourceNames.includes(name)))
  )
}

/** Joins split rules that differ in their verb alone. */
function compact(parts: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>()
  for (const part of parts) {
    const key = JSON.stringify({ ...part, verbs: undefined })
    const rule = joined.get(key)
    if (rule) rule.verbs.push(...part.verbs)
    else joined.set(key, { ...part, verbs: [...part.verbs] })
  }
  return [...joined.values()]
}
