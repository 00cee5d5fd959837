import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodReady, podCondition, summarizePod } from '#shared/kube/pod.ts'
import { explain, type Explanation } from '../../explain/index.ts'
import { podTone } from '../../kinds/core/pod.ts'
import { t } from '../../texts/index.ts'
import type { Neighbourhood, Snapshot } from '../snapshot.ts'
import { patience, type AttentionRule, type Finding } from './rule.ts'

/** Pods whose containers fail: they crash, their image or their configuration is missing, they were evicted. */
export const failingPods: AttentionRule = {
  id: 'failing',
  needs: ['pods'],
  find: (snapshot, around) =>
    byWorkload(snapshot, around, (pod) => podTone(pod) === 'bad' && !isOfJob(pod), { tone: 'bad' }),
}

/** Pods that no node takes. */
export const pendingPods: AttentionRule = {
  id: 'pending',
  needs: ['pods'],
  find: (snapshot, around) =>
    byWorkload(
      snapshot,
      around,
      (pod) => !pod.spec?.nodeName && pod.status?.phase === 'Pending' && snapshot.now - createdAt(pod) > patience,
      { tone: 'warn' },
    ),
}

/** Pods that run, but do not answer to be ready. */
export const unreadyPods: AttentionRule = {
  id: 'unready',
  needs: ['pods'],
  find: (snapshot, around) =>
    byWorkload(
      snapshot,
      around,
      (pod) =>
        pod.status?.phase === 'Running' &&
        podTone(pod) === 'warn' &&
        !isPodReady(pod) &&
        snapshot.now - unreadySince(pod) > 2 * patience,
      { tone: 'warn' },
    ),
}

/** Failures of a Job's pods are counted by the Job. */
const isOfJob = ({ metadata }: Pod): boolean => metadata.ownerReferences?.some(({ kind }) => kind === 'Job') ?? false
const createdAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '')
const unreadySince = (pod: Pod): number =>
  Date.parse(podCondition(pod, 'Ready')?.lastTransitionTime ?? '') || createdAt(pod)

/** One finding for the pods of a workload that are in the same state: its first pod is explained. */
function byWorkload(
  snapshot: Snapshot,
  around: Neighbourhood,
  isMeant: (pod: Stored<Pod>) => boolean,
  { tone }: Pick<Finding, 'tone'>,
): Finding[] {
  const meant = (snapshot.pods ?? []).filter((pod) => pod.metadata.deletionTimestamp === undefined && isMeant(pod))
  const groups = Map.groupBy(meant, (pod) => {
    const { uid } = around.workloadOf(pod)
    return `${uid} ${summarizePod(pod).status}`
  })
  return [...groups.values()].flatMap((pods) => {
    const [first] = pods
    if (!first) return []
    const { kind, name } = around.workloadOf(first)
    const { namespace } = first.metadata
    const since = pods.map(unreadySince).filter((time) => !Number.isNaN(time))
    return [
      {
        tone,
        about: { kind, name, namespace },
        says: sentenceOf(first, pods.length, around),
        since: since.length > 0 ? Math.min(...since) : undefined,
      },
    ]
  })
}

function sentenceOf(pod: Stored<Pod>, n: number, around: Neighbourhood): string {
  const { name, namespace } = pod.metadata
  const explanation: Explanation | undefined = explain('Pod', pod, around.near({ kind: 'Pod', name, namespace }))
  const sentence = explanation?.sentence ?? summarizePod(pod).status
  return n === 1 ? sentence : t('overview.attention.pods', { n, sentence })
}
