import type { Client } from '#shared/client/client.ts'
import type { Container, Pod, ResourceResourceClaim as ResourceClaim } from '#shared/kube/generated/types.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import type { Stored } from '#shared/kube/object.ts'
import { claimNameOf, foreignClaim, isReservedFor } from '#shared/kube/resource-claims.ts'
import { resourceClaims } from '#shared/kube/resources.ts'
import { createKeyedLock } from '../csi/keyed-lock.ts'
import type { Checkpoint, HeldClaim } from './checkpoint.ts'
import type { DraDrivers } from './drivers.ts'
import type { ClaimMessage } from './protocol.ts'

/** The claims of devices of this node's pods. */
export interface PodClaims {
  /** Has the devices of all claims of the pod prepared. @throws Error while one cannot be */
  prepare(pod: Stored<Pod>): Promise<void>
  /** Whether something is prepared for the pod, or may be. */
  holds(uid: string): boolean
  /** Has everything unprepared that no other pod uses. @throws Error while a driver does not */
  release(uid: string): Promise<void>
  /** Uids of the pods that hold claims, existing or not. */
  podUids(): string[]
  /** Ids of the CDI devices of a container. */
  devicesOf(pod: Stored<Pod>, container: Container): string[]
}

/**
 * Claims are prepared before a pod's first container and unprepared after its last, by their drivers
 * (pkg/kubelet/cm/dra). What is prepared outlives the agent in the checkpoint.
 */
export function createPodClaims({
  client,
  drivers,
  checkpoint,
}: {
  client: Client
  drivers: Pick<DraDrivers, 'get'>
  checkpoint: Checkpoint
}): PodClaims {
  const { claims: held } = checkpoint
  const locked = createKeyedLock()

  async function prepareOne(pod: Stored<Pod>, claim: Stored<ResourceClaim>): Promise<void> {
    const { uid, name, namespace } = claim.metadata
    const key = keyOf(namespace, name)
    const known = held.get(key)
    if (known && known.uid !== uid)
      throw new Error(
        `old ResourceClaim with same name ${name} and different UID ${known.uid} still exists (previous pod force-deleted?!)`,
      )
    const entry = known ?? newEntry(claim)
    held.set(key, { ...entry, pods: [...new Set([...entry.pods, pod.metadata.uid])] })
    // Before the drivers are asked: an agent that ends meanwhile leaves nothing prepared that nobody knows of.
    await checkpoint.write()
    if (entry.isPrepared) return
    const devices: HeldClaim['devices'] = {}
    for (const driver of Object.keys(entry.devices)) {
      const request = { claims: [{ namespace, uid, name }] }
      const { claims } = await named('NodePrepareResources', drivers.get(driver).call('NodePrepareResources', request))
      devices[driver] = answerFor('NodePrepareResources', claims, request.claims).devices
    }
    const { pods } = held.get(key) ?? entry
    held.set(key, { ...entry, pods, devices, isPrepared: true })
    await checkpoint.write()
  }

  async function releaseOne(key: string, podUid: string): Promise<void> {
    const entry = held.get(key)
    if (!entry?.pods.includes(podUid)) return
    const pods = entry.pods.filter((other) => other !== podUid)
    if (pods.length > 0) held.set(key, { ...entry, pods })
    else {
      const { uid, name, namespace } = entry
      const request = { claims: [{ namespace, uid, name }] }
      for (const driver of Object.keys(entry.devices)) {
        const { claims } = await named(
          'NodeUnprepareResources',
          drivers.get(driver).call('NodeUnprepareResources', request),
        )
        answerFor('NodeUnprepareResources', claims, request.claims)
      }
      held.delete(key)
    }
    await checkpoint.write()
  }

  const heldBy = (uid: string): string[] => [...held].filter(([, { pods }]) => pods.includes(uid)).map(([key]) => key)

  return {
    async prepare(pod) {
      const names = claimsOf(pod)
      const { uid, namespace } = pod.metadata
      const isReady = (name: string): boolean => {
        const entry = held.get(keyOf(namespace, name))
        return entry?.isPrepared === true && entry.pods.includes(uid)
      }
      // Prepared by an earlier agent for containers that run, perhaps: they do not need the driver now.
      if (names.every(({ name }) => isReady(name))) return
      const found = []
      for (const each of names) found.push(await readClaim(client, pod, each))
      // All of them before the first: a pod whose driver is missing holds nothing, and can be deleted.
      for (const claim of found) for (const driver of driversOf(claim)) drivers.get(driver)
      for (const claim of found) await locked(keyOf(namespace, claim.metadata.name), () => prepareOne(pod, claim))
    },
    holds: (uid) => heldBy(uid).length > 0,
    async release(uid) {
      for (const key of heldBy(uid)) await locked(key, () => releaseOne(key, uid))
    },
    podUids: () => [...new Set([...held.values()].flatMap(({ pods }) => pods))],
    devicesOf(pod, container) {
      const ids = requestsOf(pod, container).flatMap(({ claim, request }) => {
        const devices = Object.values(held.get(keyOf(pod.metadata.namespace, claim))?.devices ?? {}).flat()
        return devices
          .filter(({ request_names: names }) => request === undefined || names.length === 0 || names.includes(request))
          .flatMap(({ cdi_device_ids: cdi }) => cdi)
      })
      return [...new Set(ids)]
    },
  }
}

/** Whether a pod wants devices, whichever of its containers use them. */
export const claimsDevices = ({ spec, status }: Pod): boolean =>
  (spec?.resourceClaims?.length ?? 0) > 0 || status?.extendedResourceClaimStatus !== undefined

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`

interface PodClaim {
  name: string
  isGenerated: boolean
}

/** @throws Error while a claim is not known yet */
function claimsOf(pod: Stored<Pod>): PodClaim[] {
  const names: PodClaim[] = []
  for (const entry of pod.spec?.resourceClaims ?? []) {
    const found = claimNameOf(pod, entry)
    if (typeof found === 'string') throw new Error(found)
    if (found) names.push(found)
  }
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName
  return extended === undefined ? names : [...names, { name: extended, isGenerated: true }]
}

/** @throws Error when it is not there, or not for this pod */
async function readClaim(
  client: Client,
  pod: Stored<Pod>,
  { name, isGenerated }: PodClaim,
): Promise<Stored<ResourceClaim>> {
  const { namespace, name: podName, uid } = pod.metadata
  const claim = await client.get(resourceClaims, { namespace, name }).catch((error: unknown) => {
    throw new Error(`fetch ResourceClaim ${name}: ${messageOf(error)}`, { cause: error })
  })
  const foreign = isGenerated ? foreignClaim(pod, claim) : undefined
  if (foreign !== undefined) throw new Error(foreign)
  if (!isReservedFor(claim, pod))
    throw new Error(`pod ${podName} (${uid}) is not allowed to use ResourceClaim ${name} (${claim.metadata.uid})`)
  if (!claim.status?.allocation) throw new Error(`ResourceClaim ${name}: claim not allocated`)
  return claim
}

const driversOf = ({ status }: ResourceClaim): string[] => [
  ...new Set((status?.allocation?.devices?.results ?? []).map(({ driver }) => driver)),
]

const newEntry = (claim: Stored<ResourceClaim>): HeldClaim => ({
  uid: claim.metadata.uid,
  name: claim.metadata.name,
  namespace: claim.metadata.namespace ?? '',
  pods: [],
  isPrepared: false,
  devices: Object.fromEntries(driversOf(claim).map((driver) => [driver, []])),
})

/** What a container uses of its pod's claims; all of a claim without a request. */
function requestsOf(pod: Stored<Pod>, container: Container): { claim: string; request?: string }[] {
  const own = (container.resources?.claims ?? []).flatMap(({ name, request }) => {
    const entry = pod.spec?.resourceClaims?.find((one) => one.name === name)
    const found = entry && claimNameOf(pod, entry)
    return typeof found === 'object' ? [{ claim: found.name, ...(request ? { request } : {}) }] : []
  })
  const { resourceClaimName, requestMappings = [] } = pod.status?.extendedResourceClaimStatus ?? {}
  if (resourceClaimName === undefined) return own
  const extended = requestMappings.filter(
    ({ containerName, resourceName }) =>
      containerName === container.name && quantityValue(container.resources?.requests?.[resourceName] ?? '0') > 0,
  )
  return [...own, ...extended.map(({ requestName }) => ({ claim: resourceClaimName, request: requestName }))]
}

/** @throws Error with the method's name, as the kubelet words it */
async function named<T>(method: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw new Error(`${method}: ${messageOf(error)}`, { cause: error })
  }
}

/** @throws Error when the driver has not done what it was asked for */
function answerFor<Answer extends { error: string }>(
  method: string,
  answers: Readonly<Record<string, Answer>>,
  [claim]: readonly ClaimMessage[],
): Answer {
  const unknown = Object.keys(answers).find((uid) => uid !== claim?.uid)
  if (unknown !== undefined) throw new Error(`${method} returned result for unknown claim UID ${unknown}`)
  const answer = answers[claim?.uid ?? '']
  if (!answer) throw new Error(`${method} skipped 1 ResourceClaims`)
  if (answer.error) throw new Error(`${method} failed for ResourceClaim ${claim?.name ?? ''}: ${answer.error}`)
  return answer
}
