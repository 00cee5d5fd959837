import type { NodeSelectorTerm } from '#shared/kube/generated/types.ts'
import type { Wire } from '../api/wire.ts'

/** Labels of nodes that have other names now. */
const deprecated: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}

export const deprecatedLabel = (key: string): string | undefined =>
  Object.hasOwn(deprecated, key) ? deprecated[key] : undefined

/** Warnings about the labels that a term selects nodes by. */
export function selectorTermWarnings(term: Wire<NodeSelectorTerm>, field: string): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key = '' }, i) => {
    const problem = deprecatedLabel(key)
    return problem === undefined ? [] : [`${field}.matchExpressions[${i}].key: ${key} is ${problem}`]
  })
}
