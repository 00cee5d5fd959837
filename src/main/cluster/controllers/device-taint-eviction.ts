import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { tolerates } from '#shared/kube/device-taints.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  DeviceRequestAllocationResult,
  DeviceTaint,
  Pod,
  ResourceResourceClaim as ResourceClaim,
  ResourceSlice,
} from '#shared/kube/generated/types.ts'
import { asNumber, jsonEqual } from '#shared/kube/json.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { claimNameOf, foreignClaim, isReservedFor } from '#shared/kube/resource-claims.ts'
import { pods, resourceClaims, resourceSlices } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { withDisruption } from '#shared/reconcile/pod-disruption.ts'

/** Index of slices, and of claims by what they have, by `driver/pool`. */
const byPool = 'device-pool'

/**
 * Evicts pods that use devices with NoExecute taints, at once or when the claim's toleration ends, as Kubernetes'
 * device-taint-eviction-controller. (DeviceTaintRules are off by default.)
 */
export function startDeviceTaintEviction(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'device-taint-eviction', 'device-taint-eviction-controller')
  const podInformer = context.informers.share(pods)
  const claims = context.informers.share(resourceClaims)
  const slices = context.informers.share(resourceSlices)
  slices.addIndex(byPool, ({ spec }) => poolId(spec.driver, spec.pool.name))
  claims.addIndex(byPool, (claim) => [...new Set(devicesOf(claim).map(({ driver, pool }) => poolId(driver, pool)))])
  /** Pods that are to be evicted later, for the event that says that they are not. */
  const waiting = new Set<string>()

  async function reconcile(key: string): Promise<Outcome> {
    const pod = podInformer.get(key)
    if (!pod || pod.metadata.deletionTimestamp || isPodTerminal(pod)) {
      waiting.delete(key)
      return undefined
    }
    const at = evictionTime(pod)
    if (at === Infinity) {
      if (waiting.delete(key)) say(pod, 'Cancelling deletion')
      return undefined
    }
    const wait = at - clock.now()
    if (wait > 0) {
      waiting.add(key)
      return { requeueAfter: wait }
    }
    waiting.delete(key)
    await evict(pod)
    return undefined
  }

  const say = (pod: Stored<Pod>, message: string): void =>
    recorder.event(withType(pods, pod), 'Normal', 'DeviceTaintManagerEviction', message)

  async function evict(pod: Stored<Pod>): Promise<void> {
    say(pod, 'Marking for deletion')
    try {
      const marked = withDisruption(pod, disruption, timestamp(clock.now()))
      // Marked by an attempt that was cut short: only the deletion is missing.
      if (!jsonEqual(marked.status, pod.status)) await client.updateStatus(pods, marked)
      await client.delete(pods, refOf(pod), { preconditions: { uid: pod.metadata.uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  /** When the pod must go, ms since the epoch; Infinity where it may stay. */
  function evictionTime(pod: Stored<Pod>): number {
    if (!pod.spec?.nodeName) return Infinity
    return Math.min(
      ...claimsOf(pod)
        .flatMap(devicesOf)
        .flatMap((device) => taintsOf(device).map((taint) => endOf(taint, device))),
    )
  }

  function claimsOf(pod: Stored<Pod>): Stored<ResourceClaim>[] {
    return (pod.spec?.resourceClaims ?? []).flatMap((entry) => {
      const found = claimNameOf(pod, entry)
      const claim = typeof found === 'object' ? claims.get(`${pod.metadata.namespace}/${found.name}`) : undefined
      if (!claim || typeof found !== 'object' || !isReservedFor(claim, pod)) return []
      return found.isGenerated && foreignClaim(pod, claim) !== undefined ? [] : [claim]
    })
  }

  /** The NoExecute taints of a device, by the newest generation of its pool. */
  function taintsOf({ driver, pool, device: name }: DeviceRequestAllocationResult): DeviceTaint[] {
    const all = slices.byIndex(byPool, poolId(driver, pool))
    const newest = Math.max(...all.map(({ spec }) => spec.pool.generation))
    return all
      .filter(({ spec }) => spec.pool.generation === newest)
      .flatMap(({ spec }) => spec.devices?.find((device) => device.name === name)?.taints ?? [])
      .filter(isNoExecute)
  }

  const podsOfPool = ({ spec }: Stored<ResourceSlice>): string[] =>
    claims.byIndex(byPool, poolId(spec.driver, spec.pool.name)).flatMap(podsOfClaim)

  const controller = runController({
    ...context,
    name: 'device-taint-eviction',
    reconcile,
    shares: [podInformer, claims, slices],
    workers: 10,
    watches: [
      watch(slices, podsOfPool, (previous, slice) => isTainted(previous) || isTainted(slice)),
      watch(claims, podsOfClaim, (previous, claim) => !jsonEqual(previous.status, claim.status)),
      watch(
        podInformer,
        (pod) => (pod.spec?.resourceClaims?.length ? keyOf(pod) : undefined),
        (previous, pod) =>
          previous.spec?.nodeName !== pod.spec?.nodeName ||
          !jsonEqual(previous.status?.resourceClaimStatuses, pod.status?.resourceClaimStatuses),
      ),
    ],
  })

  return async () => {
    await controller.stop()
    await recorder.flush()
  }
}

const disruption = {
  reason: 'DeletionByDeviceTaintManager',
  message: 'Device Taint manager: deleting due to NoExecute taint',
}

const poolId = (driver: string, pool: string): string => `${driver}/${pool}`

const devicesOf = ({ status }: ResourceClaim): DeviceRequestAllocationResult[] =>
  status?.allocation?.devices?.results ?? []

const podsOfClaim = ({ metadata, status }: Stored<ResourceClaim>): string[] =>
  (status?.reservedFor ?? [])
    .filter(({ apiGroup = '', resource }) => apiGroup === '' && resource === 'pods')
    .map(({ name }) => `${metadata.namespace}/${name}`)

const isNoExecute = ({ effect }: DeviceTaint): boolean => effect === 'NoExecute'

const isTainted = ({ spec }: ResourceSlice): boolean =>
  spec.devices?.some(({ taints }) => taints?.some(isNoExecute)) ?? false

/** When the taint ends the use of the device, ms: when it was added, later where the claim tolerates it for some time. */
function endOf(taint: DeviceTaint, { tolerations = [] }: DeviceRequestAllocationResult): number {
  const added = Date.parse(taint.timeAdded ?? '') || 0
  // A toleration for all effects says nothing about eviction, as in Kubernetes.
  const limits = tolerations
    .filter((toleration) => toleration.effect === 'NoExecute' && tolerates(toleration, taint))
    .map(({ tolerationSeconds }) => (tolerationSeconds === undefined ? Infinity : asNumber(tolerationSeconds)))
  if (limits.length === 0) return added
  // Any toleration without limit is enough.
  if (limits.includes(Infinity)) return Infinity
  return added + Math.max(0, Math.min(...limits)) * 1_000
}
