import { sleep, type Clock } from '#shared/base/clock.ts'
import type { ShutdownGrace } from '#shared/kube/kubelet/settings.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Refusal } from './pod/admission.ts'

/** A pod as the shutdown of its node ends it. */
export interface EndedPod {
  pod: Pod
  /** @param grace seconds */
  shutDown(grace: number): void
  isRunning(): boolean
  /** Resolves once its status is written, or has failed to be. */
  flush(): Promise<void>
}

/** Graceful shutdown of a node (pkg/kubelet/nodeshutdown): less important pods end first, each group within its time. */
export interface NodeShutdown {
  /** Why the node is not Ready; undefined until it is shut down. */
  reason(): string | undefined
  /** Why the node takes no pods any more. */
  refusal(): Refusal | undefined
  /** Ends all pods. Resolves when all have ended, or their time is over. */
  begin(): Promise<void>
}

/** How often it looks whether the pods of a group have ended, ms. */
const look = 100

export function createNodeShutdown({
  groups,
  pods,
  onBegin,
  clock,
}: {
  groups: readonly ShutdownGrace[]
  pods(): EndedPod[]
  /** The node is not Ready from now on. */
  onBegin(): void
  clock: Clock
}): NodeShutdown {
  let begun: Promise<void> | undefined
  const endAll = async (): Promise<void> => {
    onBegin()
    const all = pods()
    for (const [index, { seconds }] of groups.entries()) {
      const group = all.filter(({ pod }) => groupOf(groups, pod) === index)
      for (const each of group) each.shutDown(seconds)
      const until = clock.now() + seconds * 1_000
      while (clock.now() < until && group.some((each) => each.isRunning())) await sleep(clock, look)
      await Promise.all(group.map((each) => each.flush()))
    }
  }
  return {
    reason: () => (begun ? 'node is shutting down' : undefined),
    refusal: () => begun && { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' },
    begin: () => (begun ??= endAll()),
  }
}

/** The last group whose priority the pod has; the first one for pods below all of them. */
export const groupOf = (groups: readonly ShutdownGrace[], { spec }: Pod): number =>
  Math.max(
    0,
    groups.findLastIndex(({ priority }) => (spec?.priority ?? 0) >= priority),
  )
