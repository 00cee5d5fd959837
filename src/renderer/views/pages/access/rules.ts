import type { PolicyRule } from '#shared/kube/generated/types.ts'

/** The verbs of Kubernetes' resources, in the columns of the matrix. */
export const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const

/** What a role allows for one resource. */
export interface RuleRow {
  /** `deployments.apps`, `pods/log`, `*`, or a path. */
  resource: string
  /** Only these objects; none = all. */
  names: readonly string[]
  allowed: ReadonlySet<string>
  /** Verbs beside the columns: `use`, `bind`, `escalate`. */
  others: readonly string[]
}

/** The rules of a role as rows, one for each resource and set of names; `*` allows every verb. */
export function ruleRows(rules: readonly PolicyRule[] = []): RuleRow[] {
  const rows = new Map<string, { resource: string; names: readonly string[]; allowed: Set<string> }>()
  for (const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs: allowed } of rules) {
    const targets = [
      ...nonResourceURLs,
      ...resources.flatMap((resource) =>
        (apiGroups.length > 0 ? apiGroups : ['']).map((group) =>
          group === '' || resource === '*'
            ? resource === '*' && group !== '' && group !== '*'
              ? `*.${group}`
              : resource
            : `${resource}.${group}`,
        ),
      ),
    ]
    for (const resource of new Set(targets)) {
      const key = JSON.stringify([resource, resourceNames])
      const row = rows.get(key) ?? { resource, names: resourceNames, allowed: new Set<string>() }
      for (const verb of allowed) row.allowed.add(verb)
      rows.set(key, row)
    }
  }
  const known: readonly string[] = verbs
  return [...rows.values()]
    .map((row) => ({ ...row, others: [...row.allowed].filter((verb) => verb !== '*' && !known.includes(verb)) }))
    .sort((a, b) => a.resource.localeCompare(b.resource))
}

export const allows = ({ allowed }: RuleRow, verb: string): boolean => allowed.has('*') || allowed.has(verb)
