import { listText, numberText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import type { Topology, TopologyNode } from './graph.ts'
import { satelliteKinds } from './terrain.ts'

/** What somebody who does not see the map is told of a node, before and after what is written on it. */
export interface NodeWords {
  before: string
  after: string
}

/** What it is; what uses and limits it, where it leads, what is wrong. */
export function wordsOf(node: TopologyNode, { nodes, edges }: Pick<Topology, 'nodes' | 'edges'>): NodeWords {
  const { kind, text, folds, policies = [], problems } = node
  const isPod = kind === 'Pod'
  const ends = new Set(edges.flatMap(({ from, to }) => (from === node.id ? [to] : [])))
  const next = nodes.filter(({ id }) => ends.has(id))
  const after = [
    // A pod has no room for it, and its text names its worker.
    ...(isPod ? [text] : []),
    ...usesTexts(node),
    ...(policies.length > 0 ? [t('topology.limited', { policies: listText(policies) })] : []),
    ...(next.length > 0 && !isPod ? [t('topology.leadsTo', { names: listText(next.map(titleOf)) })] : []),
    ...problems.map(({ sentence }) => sentence),
  ]
  return { before: `${folds ? `${folds.group}:` : kind} `, after: after.map((each) => `; ${each}`).join('') }
}

const titleOf = ({ kind, name, folds }: TopologyNode): string => (folds ? name : `${kind} ${name}`)

/** How many ConfigMaps, Secrets and claims it uses, in words. */
export const usesTexts = ({ uses = {} }: TopologyNode): string[] =>
  satelliteKinds.flatMap((kind) => {
    const n = uses[kind] ?? 0
    return n > 0 ? [t('topology.uses', { kinds: kind, n: numberText(n) })] : []
  })
