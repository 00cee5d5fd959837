import type { Node, NodeSelectorTerm, PodSpec, PreferredSchedulingTerm } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { matchesTerm, selectsNode } from '#shared/kube/node-selection.ts'
import { scaleToMax, unresolvable, type Plan, type Plugin, type PluginContext, type Scorer } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'

const noMatch = unresolvable("node(s) didn't match Pod's node affinity/selector")
const notAdded = unresolvable("node(s) didn't match scheduler-enforced node affinity")

/**
 * `nodeSelector` and required node affinity filter; preferred terms that match add their weight. A profile may add an
 * affinity of its own to every pod.
 */
export const nodeAffinity = ({ args }: Pick<PluginContext, 'args'>): Plugin => {
  const { addedAffinity: added } = args.NodeAffinity
  const addedRequired = added?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const addedPreferred = added?.preferredDuringSchedulingIgnoredDuringExecution ?? []

  const isAdded = ({ node }: NodeInfo): boolean =>
    !addedRequired || (node !== undefined && addedRequired.some((term) => matchesTerm(term, node)))

  return {
    name: 'NodeAffinity',

    plan({ pod }): Plan | undefined {
      const { spec } = pod
      const affinity = spec?.affinity?.nodeAffinity
      const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution
      const preferred = [...addedPreferred, ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])]
      const restricts = required !== undefined || Object.keys(spec?.nodeSelector ?? {}).length > 0
      if (!restricts && !addedRequired && preferred.length === 0) return undefined
      const nodes = namesOf(required?.nodeSelectorTerms ?? [])
      if (nodes?.length === 0) return { impossible: 'pod affinity terms conflict' }
      return {
        nodes,
        readsNodeOnly: true,
        filter: (node) => {
          if (!isAdded(node)) return notAdded
          return !restricts || accepts(node, spec) ? undefined : noMatch
        },
        score: preferred.length > 0 ? preference(preferred) : undefined,
      }
    },

    interests: ['node-added', 'node-labels'],
    mayHelp: (change, { pod }) =>
      (change.type === 'node-added' || change.type === 'node-labels') &&
      isAdded(change.node) &&
      accepts(change.node, pod.spec),
  }
}

const accepts = ({ node }: NodeInfo, spec: PodSpec | undefined): boolean =>
  node !== undefined && selectsNode(spec, node)

/**
 * The candidate nodes where every term names some by `metadata.name`, as pods of a DaemonSet do: examining one node
 * instead of all keeps thousands of such pods cheap.
 */
function namesOf(terms: readonly NodeSelectorTerm[]): readonly string[] | undefined {
  const names: string[] = []
  for (const { matchFields = [] } of terms) {
    const named = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In')
    const [first, ...others] = named.map(({ values = [] }) => values)
    if (!first) return undefined
    names.push(...first.filter((name) => others.every((values) => values.includes(name))))
  }
  return terms.length > 0 ? names : undefined
}

const preference = (terms: readonly PreferredSchedulingTerm[]): Scorer => ({
  score: ({ node }) => (node ? weightOf(terms, node) : 0),
  normalize: (scores, count) => scaleToMax(scores, count, { reverse: false }),
})

function weightOf(terms: readonly PreferredSchedulingTerm[], node: Stored<Node>): number {
  let sum = 0
  for (const { weight, preference: term } of terms) if (matchesPreference(term, node)) sum += weight
  return sum
}

/** Unlike a required term, an empty preferred term matches every node. */
const matchesPreference = (term: NodeSelectorTerm, node: Stored<Node>): boolean =>
  (!term.matchExpressions?.length && !term.matchFields?.length) || matchesTerm(term, node)
