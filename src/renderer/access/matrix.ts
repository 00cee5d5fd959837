import { verdictOf, type Answer, type Grant, type Verdict } from './rights.ts'

/** The verbs of Kubernetes' resources, in the columns of the matrix. */
export const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const

/** A resource that is asked about. */
export interface Target {
  group: string
  /** `pods`, `pods/log`. */
  resource: string
}

/** What a subject may do with a resource, one verdict for each of `verbs`. */
export interface MatrixRow extends Target {
  cells: readonly (Verdict & { verb: string })[]
  /** Verbs beside the columns: `use`, `bind`, `impersonate`. */
  others: readonly string[]
}

/** The rights as resources by verbs: resources of the cluster, and those that rules name beside them. */
export function matrixOf(grants: readonly Grant[], resources: readonly Target[]): MatrixRow[] {
  return allTargets(grants, resources).map((target) => ({
    ...target,
    cells: verbs.map((verb) => ({ verb, ...verdictOf(grants, { verb, ...target }) })),
    others: othersOf(grants, target),
  }))
}

export const isEmpty = ({ cells, others }: MatrixRow): boolean =>
  others.length === 0 && cells.every(({ answer }) => answer === 'no')

/** What a subject may do with a resource, in one word. */
export type Summary = 'all' | 'write' | 'use' | 'read' | 'some' | 'none'

export function summaryOf(grants: readonly Grant[], target: Target): Summary {
  const answers = new Map<string, Answer>(verbs.map((verb) => [verb, verdictOf(grants, { verb, ...target }).answer]))
  const has = (...some: string[]): boolean => some.some((verb) => answers.get(verb) === 'yes')
  if ([...answers.values()].every((answer) => answer === 'yes')) return 'all'
  // Programs in a pod, and its ports, are used by `create`.
  if (isUsed(target) && has('create', 'get')) return 'use'
  if (has('create', 'update', 'patch', 'delete', 'deletecollection')) return 'write'
  if (has('get', 'list', 'watch')) return 'read'
  return [...answers.values()].includes('some') ? 'some' : 'none'
}

const isUsed = ({ resource }: Target): boolean => /\/(exec|attach|portforward|proxy)$/.test(resource)

/** Paths that are no resources, with the verbs on them. */
export function pathsOf(grants: readonly Grant[]): { path: string; verbs: readonly string[] }[] {
  const found = new Map<string, Set<string>>()
  for (const { rule } of grants) {
    for (const path of rule.nonResourceURLs ?? []) {
      const known = found.get(path) ?? new Set<string>()
      for (const verb of rule.verbs) known.add(verb)
      found.set(path, known)
    }
  }
  return [...found].map(([path, known]) => ({ path, verbs: [...known] })).sort((a, b) => a.path.localeCompare(b.path))
}

const targetKey = ({ group, resource }: Target): string => `${group}/${resource}`

function allTargets(grants: readonly Grant[], resources: readonly Target[]): Target[] {
  const known = new Map(resources.map((target) => [targetKey(target), target]))
  for (const { rule } of grants) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const target = { group, resource }
        const isPattern = group === '*' || resource.includes('*')
        if (!isPattern && !known.has(targetKey(target))) known.set(targetKey(target), target)
      }
    }
  }
  return [...known.values()]
}

function othersOf(grants: readonly Grant[], target: Target): string[] {
  const known: readonly string[] = [...verbs, '*']
  const named = new Set(grants.flatMap(({ rule }) => rule.verbs.filter((verb) => !known.includes(verb))))
  return [...named].filter((verb) =>
    // A right on all resources says nothing of this one.
    grants.some(
      ({ rule }) =>
        rule.verbs.includes(verb) &&
        (rule.resources ?? []).includes(target.resource) &&
        (rule.apiGroups ?? []).includes(target.group),
    ),
  )
}
