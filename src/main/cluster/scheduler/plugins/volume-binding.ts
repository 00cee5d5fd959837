import { keyOf } from '#shared/client/informer.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type {
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { matchesTerm } from '#shared/kube/node-selection.ts'
import { compareQuantities, quantityValue } from '#shared/kube/quantity.ts'
import { persistentVolumeClaims, persistentVolumes } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import {
  bindCompleted,
  capacityOf,
  classNameOf,
  isMatch,
  noProvisioner,
  requestOf,
  selectedNode,
} from '#shared/kube/volume-binding.ts'
import { type Plan, type Plugin, type PluginContext, unresolvable } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import { claimsOf, usesClaim, type PodClaim } from '../pod-claims.ts'
import type { PodInfo } from '../pod-info.ts'

const conflict = "node(s) didn't match PersistentVolume's node affinity"
const lost = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'
const nothingToBind = "node(s) didn't find available persistent volumes to bind"
const tooFull = 'node(s) did not have enough free storage'

type Claim = Stored<PersistentVolumeClaim>
type Volume = Stored<PersistentVolume>

/** What a claim gets on a node: a volume that is there, or one that is provisioned. */
interface Binding {
  claim: Claim
  volume: Volume | undefined
}

/**
 * Filters nodes that the pod's volumes cannot reach, by the node affinity of bound ones. Claims that wait for their
 * first consumer are bound to a volume of the chosen node, or get one provisioned there where the driver has room for it,
 * before the pod is bound.
 */
export const volumeBinding = ({ client, informers }: Pick<PluginContext, 'client' | 'informers'>): Plugin => {
  const { claims, volumes, storageClasses, csiDrivers, storageCapacities } = informers
  /** Decisions that the API does not show yet, by the claim's key. */
  const reserved = new Map<string, { node: string; volume: string | undefined }>()

  function plan(pod: PodInfo): Plan | undefined {
    if (pod.claims.length === 0) return undefined
    const found: Claim[] = []
    for (const used of claimsOf(pod.pod)) {
      const claim = claims.get(`${pod.namespace}/${used.name}`)
      const problem = problemOf(used, claim, pod.pod)
      if (problem !== undefined) return { impossible: problem }
      if (claim) found.push(claim)
    }
    const bound = found.filter(isFullyBound)
    const waiting = found
      .filter((claim) => !isFullyBound(claim))
      .sort((a, b) => compareQuantities(requestOf(a), requestOf(b)))
      .map(wanted)
    return {
      filter(node) {
        const reasons = [...boundReasons(bound, node), ...waitingReasons(waiting, node)]
        return reasons.length > 0 ? unresolvable(...reasons) : undefined
      },
      ...(waiting.length > 0 ? bindingOf(waiting) : {}),
    }
  }

  function problemOf({ name, ephemeral }: PodClaim, claim: Claim | undefined, pod: Stored<Pod>): string | undefined {
    if (!claim)
      return ephemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
        : `persistentvolumeclaim "${name}" not found`
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`
    if (ephemeral && !isOwnedBy(claim, pod))
      return `PVC ${keyOf(claim)} was not created for pod ${keyOf(pod)} (pod is not owner)`
    if (isFullyBound(claim) || (!claim.spec?.volumeName && waitsForConsumer(classOf(claim)))) return undefined
    return 'pod has unbound immediate PersistentVolumeClaims'
  }

  const classOf = (claim: PersistentVolumeClaim): Stored<StorageClass> | undefined =>
    storageClasses.get(classNameOf(claim))

  /** A claim that waits, with what is the same for all nodes: read once per pod. */
  function wanted(claim: Claim): Wanted {
    const storageClass = classOf(claim)
    const checksCapacity = csiDrivers.get(storageClass?.provisioner ?? '')?.spec.storageCapacity === true
    const candidates = volumes
      .list()
      .filter((volume) => isMatch(volume, claim))
      .sort((a, b) => compareQuantities(capacityOf(a), capacityOf(b)))
    const pools = checksCapacity
      ? storageCapacities
          .list()
          .filter((pool) => pool.storageClassName === storageClass?.metadata.name && holds(pool, claim))
      : undefined
    return { claim, storageClass, candidates, pools }
  }

  function boundReasons(bound: readonly Claim[], node: NodeInfo): string[] {
    for (const claim of bound) {
      const volume = volumes.get(claim.spec?.volumeName ?? '')
      if (!volume) return [lost]
      if (!isReachable(volume, node)) return [conflict]
    }
    return []
  }

  function waitingReasons(waiting: readonly Wanted[], node: NodeInfo): string[] {
    const taken = new Set<PersistentVolume>()
    for (const each of waiting) {
      const decided = decidedNode(each.claim)
      if (decided !== undefined && decided !== node.name) return [nothingToBind]
      const volume = volumeFor(each, node, taken)
      if (volume) taken.add(volume)
      else if (!canProvision(each, node)) return [nothingToBind]
      else if (each.pools && !each.pools.some((pool) => hasAccess(pool, node))) return [tooFull]
    }
    return []
  }

  /** The node for which the claim is being provisioned. */
  const decidedNode = (claim: Claim): string | undefined => {
    const reservation = reserved.get(keyOf(claim))
    if (reservation) return reservation.volume === undefined ? reservation.node : undefined
    return claim.metadata.annotations?.[selectedNode]
  }

  /** The smallest free volume on the node that satisfies the claim, or the one that is kept for the claim. */
  function volumeFor({ claim, candidates }: Wanted, node: NodeInfo, taken: ReadonlySet<PersistentVolume>) {
    const kept = reserved.get(keyOf(claim))?.volume
    const free = candidates.filter(
      (volume) => !taken.has(volume) && (kept === undefined ? !isReserved(volume) : volume.metadata.name === kept),
    )
    const own = free.find((volume) => volume.spec?.claimRef !== undefined)
    if (own) return isReachable(own, node) ? own : undefined
    return free.find((volume) => isReachable(volume, node))
  }

  const isReserved = ({ metadata }: Volume): boolean =>
    [...reserved.values()].some(({ volume }) => volume === metadata.name)

  /** Reserves the volumes of the chosen node at once, and writes the bindings before the pod is bound. */
  function bindingOf(waiting: readonly Wanted[]): Required<Pick<Plan, 'reserve' | 'beforeBinding'>> {
    let bindings: Binding[] = []
    const mine = new Set<string>()
    const release = (): void => {
      for (const key of mine) reserved.delete(key)
      mine.clear()
    }
    return {
      reserve(node) {
        const taken = new Set<PersistentVolume>()
        bindings = waiting.map((each) => {
          const volume = volumeFor(each, node, taken)
          if (volume) taken.add(volume)
          return { claim: each.claim, volume }
        })
        for (const { claim, volume } of bindings) {
          const key = keyOf(claim)
          if (reserved.has(key)) continue
          reserved.set(key, { node: node.name, volume: volume?.metadata.name })
          mine.add(key)
        }
        return release
      },
      async beforeBinding(node) {
        for (const binding of bindings) await begin(binding, node)
        await Promise.all(bindings.map((binding) => completed(binding, node)))
        release()
      },
    }
  }

  async function begin({ claim, volume }: Binding, node: NodeInfo): Promise<void> {
    if (!volume) await requestProvisioning(claim, node)
    else if (volume.spec?.claimRef?.uid !== claim.metadata.uid) await claimVolume(volume, claim)
  }

  /** @throws when the claim will not be bound for this node: the pod is scheduled again */
  async function completed({ claim, volume }: Binding, node: NodeInfo): Promise<void> {
    const key = keyOf(claim)
    const isReset = ({ metadata }: PersistentVolumeClaim): boolean =>
      volume === undefined && metadata.annotations?.[selectedNode] !== node.name
    // The request for this node may not have arrived here yet.
    let asked = false
    await claims.until(key, (current) => {
      if (!current || isFullyBound(current)) return true
      asked ||= !isReset(current)
      return asked && isReset(current)
    })
    const current = claims.get(key)
    if (!current) throw new Error(`persistentvolumeclaim "${claim.metadata.name}" not found`)
    if (!isFullyBound(current)) throw new Error(`selectedNode annotation reset for PVC "${claim.metadata.name}"`)
    const bound = volumes.get(current.spec?.volumeName ?? '')
    if (bound && !isReachable(bound, node))
      throw new Error(`pv "${bound.metadata.name}" node affinity doesn't match node "${node.name}"`)
  }

  /** Begins a binding at the volume; the volume controller completes it. */
  const claimVolume = (volume: Volume, { metadata }: Claim): Promise<unknown> =>
    client.patch(
      persistentVolumes,
      { name: volume.metadata.name },
      {
        type: 'merge',
        body: {
          metadata: { resourceVersion: volume.metadata.resourceVersion },
          spec: {
            claimRef: {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              namespace: metadata.namespace,
              name: metadata.name,
              uid: metadata.uid,
            },
          },
        },
      },
    )

  const requestProvisioning = ({ metadata }: Claim, { name }: NodeInfo): Promise<unknown> =>
    client.patch(
      persistentVolumeClaims,
      { namespace: metadata.namespace, name: metadata.name },
      { type: 'merge', body: { metadata: { uid: metadata.uid, annotations: { [selectedNode]: name } } } },
    )

  return {
    name: 'VolumeBinding',
    plan,

    interests: [
      'node-added',
      'node-labels',
      'claim',
      'volume',
      'storage-class',
      'csi-node',
      'csi-driver',
      'storage-capacity',
    ],
    mayHelp(change, { pod }) {
      switch (change.type) {
        case 'claim':
          return change.action !== 'deleted' && usesClaim(pod, change.object)
        case 'storage-class':
          if (change.action !== 'updated') return change.action === 'added'
          return !jsonEqual(change.previous?.allowedTopologies, change.object.allowedTopologies)
        case 'storage-capacity':
          if (change.action !== 'updated') return change.action === 'added'
          return limitOf(change.object) > (change.previous ? limitOf(change.previous) : -1)
        case 'csi-driver':
          return change.previous?.spec.storageCapacity === true && change.object.spec.storageCapacity !== true
        case 'volume':
        case 'csi-node':
          return change.action !== 'deleted'
        default:
          return change.type === 'node-added' || change.type === 'node-labels'
      }
    },
  }
}

interface Wanted {
  claim: Claim
  storageClass: StorageClass | undefined
  /** Volumes that satisfy the claim, the smallest first. */
  candidates: readonly Volume[]
  /** Where the driver tells its free storage: the pools that have enough. */
  pools: readonly CSIStorageCapacity[] | undefined
}

/** Bound on both sides: `volumeName` alone may be a wish. */
const isFullyBound = ({ metadata, spec, status }: PersistentVolumeClaim): boolean =>
  spec?.volumeName !== undefined &&
  spec.volumeName !== '' &&
  (metadata.annotations?.[bindCompleted] !== undefined || status?.phase === 'Bound')

const isOwnedBy = ({ metadata }: PersistentVolumeClaim, pod: Stored<Pod>): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid) ?? false

const waitsForConsumer = (storageClass: StorageClass | undefined): boolean =>
  storageClass?.volumeBindingMode === 'WaitForFirstConsumer'

function isReachable({ spec }: PersistentVolume, { node }: NodeInfo): boolean {
  const required = spec?.nodeAffinity?.required
  return !required || (node !== undefined && required.nodeSelectorTerms.some((term) => matchesTerm(term, node)))
}

function canProvision({ storageClass }: Wanted, { labels }: NodeInfo): boolean {
  if (!storageClass || storageClass.provisioner === noProvisioner) return false
  const topologies = storageClass.allowedTopologies ?? []
  return (
    topologies.length === 0 ||
    topologies.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
    )
  )
}

/** The largest volume of a pool, bytes; -1 where it is unknown. */
const limitOf = ({ maximumVolumeSize, capacity }: CSIStorageCapacity): number =>
  quantityValue(maximumVolumeSize ?? capacity ?? '-1')

const holds = (pool: CSIStorageCapacity, claim: PersistentVolumeClaim): boolean =>
  limitOf(pool) >= quantityValue(requestOf(claim))

const hasAccess = ({ nodeTopology }: CSIStorageCapacity, { labels }: NodeInfo): boolean =>
  nodeTopology !== undefined && selects(nodeTopology, labels)
