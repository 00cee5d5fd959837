import type { ClusterState } from './cluster-state.ts'
import type { NominatedPods } from './nominated-pods.ts'
import type { SchedulingQueue } from './queue.ts'

/** What the scheduler works on: the cluster, the pods that wait, and the nodes that preemption frees for some of them. */
export interface SchedulingState {
  cluster: ClusterState
  queue: SchedulingQueue
  nominated: NominatedPods
}

/**
 * Ends the nomination of a pod, if it has one. Unless the pod was placed on that node, the room kept for it is free, and
 * pods that it may help are queued again.
 * @param placedOn name of the node on which the pod was placed
 */
export function releaseNomination(
  { cluster, queue, nominated }: SchedulingState,
  key: string,
  placedOn?: string,
): void {
  const nomination = nominated.remove(key)
  const node = nomination && cluster.node(nomination.nodeName)
  if (node && node.name !== placedOn) queue.changed({ type: 'pod-removed', node, pod: nomination.pod })
}
