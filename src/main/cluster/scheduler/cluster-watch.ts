import { StopStack, type Stop } from '#shared/base/disposable.ts'
import { keyOf, type ChangeHandler } from '#shared/client/informer.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import type { Change } from './cluster-state.ts'
import type { Plugin } from './framework.ts'
import { isSamePlacement, podInfoOf } from './pod-info.ts'
import type { SchedulerInformers } from './scheduler-informers.ts'
import { releaseNomination, type SchedulingState } from './scheduling-state.ts'

/** The name under which pods ask for this scheduler. */
export const schedulerName = 'default-scheduler'

export interface ClusterWatchOptions {
  informers: SchedulerInformers
  state: SchedulingState
  plugins: readonly Plugin[]
}

/**
 * Keeps the scheduling state up to date with what the informers show, and requeues the pods that a change may help.
 * Objects that the informers have already are handled before this returns.
 */
export function watchCluster({ informers, state, plugins }: ClusterWatchOptions): Stop {
  const { cluster, queue } = state
  const { namespaces, claims, volumes, storageClasses } = informers.lookups
  const stops = new StopStack()
  stops.add(
    informers.nodes.onChange({
      added: (node) => requeue(state, cluster.setNode(node)),
      updated: (_, node) => requeue(state, cluster.setNode(node)),
      deleted: ({ metadata }) => cluster.removeNode(metadata.name),
    }),
  )
  stops.add(informers.pods.onChange(podHandler({ state, plugins })))
  stops.add(
    namespaces.onChange({
      updated(previous, { metadata }) {
        if (jsonEqual(previous.metadata.labels, metadata.labels)) return
        cluster.groups.forget()
        queue.changed({ type: 'namespaces' })
      },
    }),
  )
  const volumesChanged = (): void => queue.changed({ type: 'volumes' })
  for (const informer of [claims, volumes, storageClasses])
    stops.add(informer.onChange({ added: volumesChanged, updated: volumesChanged, deleted: volumesChanged }))
  return () => stops.stop()
}

/** Sorts pods: placed ones belong to the cluster, waiting ones to the queue, those of other schedulers to neither. */
function podHandler({ state, plugins }: Pick<ClusterWatchOptions, 'state' | 'plugins'>): ChangeHandler<Pod> {
  const { cluster, queue, nominated } = state

  function podSeen(pod: Stored<Pod>, previous?: Pod): void {
    if (pod.spec?.nodeName) placedPodSeen(pod, pod.spec.nodeName, previous)
    else if (isOurs(pod)) waitingPodSeen(pod, previous)
    else waitingPodGone(keyOf(pod))
  }

  function placedPodSeen(pod: Stored<Pod>, node: string, previous: Pod | undefined): void {
    const key = keyOf(pod)
    if (previous && isSamePlacement(previous, pod) && isPodTerminal(previous) === isPodTerminal(pod)) {
      cluster.refresh(key, pod)
      return
    }
    queue.remove(key)
    releaseNomination(state, key, node)
    // A finished pod uses nothing of its node.
    requeue(state, isPodTerminal(pod) ? cluster.removePod(key) : cluster.setPod(podInfoOf(pod), node))
  }

  function waitingPodSeen(pod: Stored<Pod>, previous: Pod | undefined): void {
    const info = podInfoOf(pod)
    nominated.seen(info, previous?.status?.nominatedNodeName)
    const known = queue.get(info.key)
    // The scheduler's own condition write comes back as an event: no reason for another attempt.
    if (known && previous && isSamePlacement(previous, pod)) queue.refresh(info)
    else queue.put(info, { held: plugins.some((plugin) => plugin.holdsBack?.(pod) !== undefined) })
  }

  function waitingPodGone(key: string): void {
    queue.remove(key)
    releaseNomination(state, key)
  }

  return {
    added: (pod) => podSeen(pod),
    updated: (previous, pod) => podSeen(pod, previous),
    deleted(pod) {
      const key = keyOf(pod)
      waitingPodGone(key)
      requeue(state, cluster.removePod(key))
    },
  }
}

function requeue({ queue }: SchedulingState, changes: readonly Change[]): void {
  for (const change of changes) queue.changed(change)
}

const isOurs = (pod: Pod): boolean =>
  !isPodTerminal(pod) && !pod.metadata.deletionTimestamp && (pod.spec?.schedulerName ?? schedulerName) === schedulerName
