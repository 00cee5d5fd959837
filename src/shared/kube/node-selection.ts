import type { Stored } from './object.ts'
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from './generated/types.ts'
import { expressionOperators, meets } from './selectors.ts'

/** Whether a pod's `nodeSelector` and required node affinity allow a node. */
export function selectsNode(spec: PodSpec | undefined, node: Stored<Node>): boolean {
  const labels = node.metadata.labels ?? {}
  const selected = Object.entries(spec?.nodeSelector ?? {}).every(([name, value]) => labels[name] === value)
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return selected && (!required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)))
}

/** A term matches when all its requirements match; an empty term matches nothing. */
export function matchesTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: Stored<Node>,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every((requirement) => holds(requirement, node.metadata.labels?.[requirement.key])) &&
    matchFields.every((requirement) => requirement.key === 'metadata.name' && holds(requirement, node.metadata.name))
  )
}

/**
 * The requirements of a node selector have the operators of label selectors
 * (nodeaffinity.nodeSelectorRequirementsAsSelector).
 */
const holds = ({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean => {
  const known = expressionOperators[operator]
  return known !== undefined && meets({ operator: known, values }, value)
}
