import { StopStack, type Stop } from '#shared/base/disposable.ts'
import { keyOf, type ChangeHandler, type Informer } from '#shared/client/informer.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { claimNamesOf } from '#shared/kube/resource-claims.ts'
import type { Change, Changed, ObjectChange } from './cluster-state.ts'
import { isSameHolding, isSamePlacement, podInfoOf } from './pod-info.ts'
import { schedulerNameOf, type Profiles } from './profiles.ts'
import type { SchedulerInformers } from './scheduler-informers.ts'
import { releaseNomination, type SchedulingState } from './scheduling-state.ts'

export interface ClusterWatchOptions {
  informers: SchedulerInformers
  state: SchedulingState
  profiles: Profiles
}

/**
 * Keeps the scheduling state up to date with what the informers show, and requeues the pods that a change may help.
 * Objects that the informers have already are handled before this returns.
 */
export function watchCluster({ informers, state, profiles }: ClusterWatchOptions): Stop {
  const { cluster, queue } = state
  const { namespaces } = informers.lookups
  const stops = new StopStack()
  stops.add(
    informers.nodes.onChange({
      added: (node) => requeue(state, cluster.setNode(node)),
      updated: (_, node) => requeue(state, cluster.setNode(node)),
      deleted: ({ metadata }) => cluster.removeNode(metadata.name),
    }),
  )
  stops.add(informers.pods.onChange(podHandler({ state, profiles })))
  stops.add(
    namespaces.onChange({
      updated(previous, { metadata }) {
        if (jsonEqual(previous.metadata.labels, metadata.labels)) return
        cluster.groups.forget()
        queue.changed({ type: 'namespaces' })
      },
    }),
  )
  const changed = (change: ObjectChange): void => {
    queue.changed(change)
    // A pod is held until its claims are there.
    if (change.type === 'resource-claim' && change.action !== 'deleted')
      queue.release(({ pod }) => !usesClaim(pod, change.object) || isHeld(pod, profiles))
  }
  for (const stop of watchObjects(informers.lookups, changed)) stops.add(stop)
  return () => stops.stop()
}

/** Announces the changes of objects that plugins wait for. */
function watchObjects(lookups: SchedulerInformers['lookups'], changed: (change: ObjectChange) => void): Stop[] {
  function watch<T extends KubeObject>(informer: Informer<T>, tell: (change: Changed<T>) => void): Stop {
    return informer.onChange({
      added: (object) => tell({ action: 'added', object }),
      updated: (previous, object) => tell({ action: 'updated', object, previous }),
      deleted: (object) => tell({ action: 'deleted', object }),
    })
  }
  return [
    watch(lookups.claims, (change) => changed({ type: 'claim', ...change })),
    watch(lookups.volumes, (change) => changed({ type: 'volume', ...change })),
    watch(lookups.storageClasses, (change) => changed({ type: 'storage-class', ...change })),
    watch(lookups.csiNodes, (change) => changed({ type: 'csi-node', ...change })),
    watch(lookups.csiDrivers, (change) => changed({ type: 'csi-driver', ...change })),
    watch(lookups.storageCapacities, (change) => changed({ type: 'storage-capacity', ...change })),
    watch(lookups.volumeAttachments, (change) => changed({ type: 'volume-attachment', ...change })),
    watch(lookups.resourceClaims, (change) => changed({ type: 'resource-claim', ...change })),
    watch(lookups.resourceSlices, (change) => changed({ type: 'resource-slice', ...change })),
    watch(lookups.deviceClasses, (change) => changed({ type: 'device-class', ...change })),
  ]
}

/** Sorts pods: placed ones belong to the cluster, waiting ones to the queue, those of other schedulers to neither. */
function podHandler({ state, profiles }: Pick<ClusterWatchOptions, 'state' | 'profiles'>): ChangeHandler<Pod> {
  const { cluster, queue, nominated } = state

  function podSeen(pod: Stored<Pod>, previous?: Pod): void {
    if (pod.spec?.nodeName) placedPodSeen(pod, pod.spec.nodeName, previous)
    else if (isWaiting(pod) && profiles.has(schedulerNameOf(pod))) waitingPodSeen(pod, previous)
    else waitingPodGone(keyOf(pod))
  }

  function placedPodSeen(pod: Stored<Pod>, node: string, previous: Pod | undefined): void {
    const key = keyOf(pod)
    if (previous && isSameInUse(previous, pod)) {
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
    const held = isHeld(pod, profiles)
    const isReleased = known?.state === 'held' && !held
    // The scheduler's own condition write comes back as an event: no reason for another attempt.
    if (known && previous && isSamePlacement(previous, pod) && !isReleased) queue.refresh(info)
    else queue.put(info, { held })
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

function requeue({ queue, nominated }: SchedulingState, changes: readonly Change[]): void {
  for (const change of changes) {
    queue.changed(change)
    if (change.type === 'pod-removed') for (const { key } of nominated.on(change.node.name)) queue.expedite(key)
  }
}

/** Whether two versions of a placed pod take the same of its node. */
const isSameInUse = (a: Pod, b: Pod): boolean =>
  isSamePlacement(a, b) && isPodTerminal(a) === isPodTerminal(b) && isSameHolding(a, b)

const isHeld = (pod: Pod, profiles: Profiles): boolean =>
  profiles.get(schedulerNameOf(pod))?.holdsBack(pod) !== undefined

const usesClaim = (pod: Stored<Pod>, { metadata }: Stored): boolean =>
  pod.metadata.namespace === metadata.namespace && claimNamesOf(pod).includes(metadata.name)

const isWaiting = (pod: Pod): boolean => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp
