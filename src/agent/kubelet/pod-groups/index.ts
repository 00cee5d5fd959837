import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podRequests, qosClassOf } from '#shared/kube/pod.ts'
import { quantityMillis } from '#shared/kube/quantity.ts'
import type { Hierarchy } from './hierarchy.ts'
import {
  classGroups,
  groupOf,
  groupSettings,
  isSameSettings,
  largerOf,
  podsGroup,
  sharesOf,
  type GroupSettings,
} from './settings.ts'

/**
 * A control group for each pod, in that of its QoS class (pkg/kubelet/cm). Its containers run in it, so that the pod as a
 * whole is limited and measured. Sandboxes, which may wait for their pods, have a group of their own.
 */
export interface PodGroups {
  /** Makes the pod's group and gives it its limits, once. @returns its path, for the engine */
  ensure(pod: Stored<Pod>): Promise<string>
  /** Whether the group's limits are not those of the spec. */
  needsResize(pod: Stored<Pod>): boolean
  /** Before the pod's containers are resized: raises what is to be raised. */
  raise(pod: Stored<Pod>): Promise<void>
  /** After that: lowers the rest. @throws Error when the kernel refuses */
  settle(pod: Stored<Pod>): Promise<void>
  /** Removes the group as soon as its processes have ended. */
  remove(uid: string): void
  /** Uids of the pods that have a group. */
  uids(): Promise<string[]>
}

/** How often, and after how many ms, a group is tried to be removed whose processes are about to end. */
const removals = { tries: 25, waitMs: 200 }

export function createPodGroups({
  hierarchy,
  cpuMillis,
  clock,
  log,
}: {
  hierarchy: Hierarchy
  /** Of this node. */
  cpuMillis: number
  clock: Clock
  log: Log
}): PodGroups {
  const known = new Map<string, { path: string; applied: GroupSettings; burstableMillis: number }>()
  let classes: Promise<void> | undefined
  let burstableShares = 0

  const makeClasses = async (): Promise<void> => {
    for (const path of Object.values(classGroups)) await hierarchy.make(path)
    await hierarchy.applyShares(podsGroup, sharesOf(cpuMillis))
    await hierarchy.applyShares(classGroups.BestEffort, sharesOf(0))
  }
  /** Burstable pods have together what they request (kubelet: setCPUCgroupConfig). */
  const weighBurstable = async (): Promise<void> => {
    const millis = [...known.values()].reduce((sum, { burstableMillis }) => sum + burstableMillis, 0)
    const shares = sharesOf(millis)
    if (shares === burstableShares) return
    burstableShares = shares
    await hierarchy.applyShares(classGroups.Burstable, shares)
  }
  const apply = async (pod: Stored<Pod>, settings: GroupSettings): Promise<void> => {
    const path = groupOf(pod)
    await hierarchy.apply(path, settings)
    known.set(pod.metadata.uid, { path, applied: settings, burstableMillis: burstableMillisOf(pod) })
    await weighBurstable()
  }
  const change = async (pod: Stored<Pod>, to: (applied: GroupSettings) => GroupSettings): Promise<void> => {
    const applied = known.get(pod.metadata.uid)?.applied
    if (!applied) return
    const wanted = to(applied)
    if (!isSameSettings(applied, wanted)) await apply(pod, wanted)
  }
  const remove = async (uid: string): Promise<void> => {
    known.delete(uid)
    for (let tries = 1; ; tries++)
      try {
        for (const path of Object.values(classGroups)) await hierarchy.remove(`${path}/pod${uid}`)
        return
      } catch (error) {
        if (tries === removals.tries) throw error
        await sleep(clock, removals.waitMs)
      }
  }

  return {
    async ensure(pod) {
      const { uid } = pod.metadata
      const path = known.get(uid)?.path
      if (path !== undefined) return path
      await (classes ??= makeClasses().catch((error: unknown) => {
        classes = undefined
        throw error
      }))
      await hierarchy.make(groupOf(pod))
      await apply(pod, groupSettings(pod))
      return groupOf(pod)
    },
    needsResize(pod) {
      const applied = known.get(pod.metadata.uid)?.applied
      return applied !== undefined && !isSameSettings(applied, groupSettings(pod))
    },
    raise: (pod) => change(pod, (applied) => largerOf(applied, groupSettings(pod))),
    settle: (pod) => change(pod, () => groupSettings(pod)),
    remove(uid) {
      remove(uid)
        .then(weighBurstable)
        .catch((error: unknown) => log.warn('control group not removed', { uid, error: messageOf(error) }))
    },
    async uids() {
      const all = await Promise.all(Object.values(classGroups).map((path) => hierarchy.children(path)))
      return all.flat().flatMap((name) => (name.startsWith('pod') ? [name.slice('pod'.length)] : []))
    },
  }
}

function burstableMillisOf(pod: Pod): number {
  if (qosClassOf(pod) !== 'Burstable') return 0
  const { cpu } = podRequests(pod)
  return cpu === undefined ? 0 : quantityMillis(cpu)
}
