import type { Cluster, Operation } from '#shared/contract/clusters.ts'
import type { Tone } from '../../components/tone.ts'
import type { ObjectLink } from '../../explain/index.ts'
import type { Change } from '../../overview/changes.ts'
import { numberText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'

/** Something that was done with a cluster, or happened in it. */
export interface LatelyEntry {
  /** ms since the epoch */
  at: number
  tone: Tone
  cluster: string
  /** What it is about: the cluster itself when unset. */
  object?: ObjectLink & { context: string }
  what: string
  detail: string
  count: number
}

const tones: Record<Operation['state'], Tone> = { running: 'busy', done: 'done', failed: 'bad', cancelled: 'ending' }

/** What was done with clusters and what changed in them, the newest first. @param changes by context */
export function latelyOf(
  clusters: readonly Cluster[],
  changes: ReadonlyMap<string, readonly Change[]>,
  most: number,
): LatelyEntry[] {
  const all = clusters.flatMap((cluster) => [
    ...operationOf(cluster),
    ...(changes.get(cluster.context ?? '') ?? []).map((change) => changeIn(cluster, change)),
  ])
  return all.sort((a, b) => b.at - a.at).slice(0, most)
}

/** The last operation of a cluster that has ended; one that runs is told by the cluster's card. */
function operationOf({ name, operation }: Cluster): LatelyEntry[] {
  if (!operation || operation.state === 'running') return []
  const { kind, state, startedAt, ms = 0, error } = operation
  return [
    {
      ...{ at: startedAt + ms, tone: tones[state], cluster: name, count: 1 },
      what: t(`home.lately.${state}`, { what: t(`home.lately.kinds.${kind}`) }),
      detail: error ?? t('home.lately.after', { seconds: numberText(ms / 1_000) }),
    },
  ]
}

const changeIn = ({ name, context = '' }: Cluster, { about, ...change }: Change): LatelyEntry => ({
  ...change,
  cluster: name,
  object: { ...about, context },
})
