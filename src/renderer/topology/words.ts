import { listText, numberText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import type { Topology, TopologyNode } from './graph.ts'
import { satelliteKinds } from './terrain.ts'

/** What somebody who does not see the map is told of a node, before and after what is written on it. */
export interface NodeWords {
  before: string
  after: string
}

/** What it is; what uses and limits it, where it leads, what is wrong. @param next of `namesBehind` */
export function wordsOf(node: TopologyNode, next: string): NodeWords {
  const { kind, text, folds, policies = [], problems } = node
  const isPod = kind === 'Pod'
  const after = [
    // A pod has no room for it, and its text names its worker.
    ...(isPod ? [text] : []),
    ...usesTexts(node),
    ...(policies.length > 0 ? [t('topology.limited', { policies: listText(policies) })] : []),
    ...(next !== '' && !isPod ? [t('topology.leadsTo', { names: next })] : []),
    ...problems.map(({ sentence }) => sentence),
  ]
  return { before: `${folds ? `${folds.group}:` : kind} `, after: after.map((each) => `; ${each}`).join('') }
}

/** The names of what each node leads to, in the order of the map. */
export function namesBehind({ nodes, edges }: Pick<Topology, 'nodes' | 'edges'>): ReadonlyMap<string, string> {
  const order = new Map(nodes.map((node, at) => [node.id, { at, title: titleOf(node) }]))
  return new Map(
    [...Map.groupBy(edges, ({ from }) => from)].map(([from, leading]) => {
      const ends = new Set(leading.map(({ to }) => to))
      const known = [...ends].flatMap((id) => order.get(id) ?? []).sort((a, b) => a.at - b.at)
      return [from, listText(known.map(({ title }) => title))]
    }),
  )
}

const titleOf = ({ kind, name, folds }: TopologyNode): string => (folds ? name : `${kind} ${name}`)

/** How many ConfigMaps, Secrets and claims it uses, in words. */
export const usesTexts = ({ uses = {} }: TopologyNode): string[] =>
  satelliteKinds.flatMap((kind) => {
    const n = uses[kind] ?? 0
    return n > 0 ? [t('topology.uses', { kinds: kind, n: numberText(n) })] : []
  })
