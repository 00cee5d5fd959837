import { listText, numberText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import type { Topology, TopologyNode } from './graph.ts'
import { satelliteKinds } from './terrain.ts'

/** What a node of the map is to somebody who does not see it: what it is, how it is, where it leads, what is wrong. */
export function nodeLabel(node: TopologyNode, { nodes, edges }: Pick<Topology, 'nodes' | 'edges'>): string {
  const { kind, name, text, folds, policies = [], problems } = node
  const ends = new Set(edges.flatMap(({ from, to }) => (from === node.id ? [to] : [])))
  // A pod's text names its worker.
  const next = kind === 'Pod' ? [] : nodes.filter(({ id }) => ends.has(id))
  return [
    folds ? `${folds.group}: ${name}` : `${kind} ${name}`,
    text,
    ...usesTexts(node),
    ...(policies.length > 0 ? [t('topology.limited', { policies: listText(policies) })] : []),
    ...(next.length > 0 ? [t('topology.leadsTo', { names: listText(next.map(titleOf)) })] : []),
    ...problems.map(({ sentence }) => sentence),
  ].join('. ')
}

const titleOf = ({ kind, name, folds }: TopologyNode): string => (folds ? name : `${kind} ${name}`)

/** How many ConfigMaps, Secrets and claims it uses, in words. */
export const usesTexts = ({ uses = {} }: TopologyNode): string[] =>
  satelliteKinds.flatMap((kind) => {
    const n = uses[kind] ?? 0
    return n > 0 ? [t('topology.uses', { kinds: kind, n: numberText(n) })] : []
  })
