import { clusterVolumeProvisioner, onlyNodeOf, placeOf } from '#shared/kube/cluster-volumes.ts'
import { setCondition, withoutCondition } from '#shared/kube/conditions.ts'
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttributesClass,
} from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { snapshotGroup, type VolumeSnapshot, type VolumeSnapshotContent } from '#shared/kube/snapshots.ts'
import { compareQuantities } from '#shared/kube/quantity.ts'
import {
  capacityOf,
  classNameOf,
  provisionedBy,
  requestOf,
  selectedNode,
  storageProvisioner,
} from '#shared/kube/volume-binding.ts'
import { attributesProblem } from './modify.ts'

type Claim = Stored<PersistentVolumeClaim>
type Volume = Stored<PersistentVolume>

/** Keeps a volume of policy Delete until its data is removed, even when the volume is deleted before its claim. */
export const provisionerFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer'

export interface ProvisionView {
  storageClass: Stored<StorageClass> | undefined
  /** Node of the claim's annotation. */
  node: Stored<Node> | undefined
  /** The claim that is to be cloned, and its volume. */
  source: { claim: Claim | undefined; volume: Volume | undefined }
  /** The snapshot that the claim is to be restored from, and its content. */
  snapshot?: SnapshotSource | undefined
  /** The class of attributes that the claim asks for. */
  attributes?: Stored<VolumeAttributesClass> | undefined
}

export interface SnapshotSource {
  snapshot: VolumeSnapshot | undefined
  content: VolumeSnapshotContent | undefined
}

export type ProvisionDecision =
  | { do: 'nothing' }
  | { do: 'refuse'; message: string }
  /** The scheduler is to choose another node. */
  | { do: 'reschedule'; message: string }
  | { do: 'create'; volume: PersistentVolume & Named; cloneOf?: Volume; snapshotHandle?: string }

/** The name of a claim's volume is always the same, so that a repeated creation finds it. */
export const volumeNameOf = ({ metadata }: Claim): string => `pvc-${metadata.uid}`

/** Whether the claim asks for a volume, and which one it gets (external-provisioner: shouldProvision, Provision). */
export function decideProvision(
  claim: Claim,
  { storageClass, node, source, snapshot, attributes }: ProvisionView,
): ProvisionDecision {
  const { annotations = {}, deletionTimestamp } = claim.metadata
  const wanted = claim.spec
  if (!wanted || wanted.volumeName || deletionTimestamp) return { do: 'nothing' }
  if (annotations[storageProvisioner] !== clusterVolumeProvisioner) return { do: 'nothing' }
  if (storageClass?.provisioner !== clusterVolumeProvisioner) return { do: 'nothing' }
  const chosen = annotations[selectedNode]
  if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && !chosen) return { do: 'nothing' }
  const refuse = (why: string): ProvisionDecision => ({
    do: 'refuse',
    message: `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`,
  })
  if (chosen && !node) return { do: 'reschedule', message: `failed to get target node: node "${chosen}" not found` }
  if (wanted.volumeMode === 'Block')
    return refuse(`${clusterVolumeProvisioner} does not support block volumes: workers have no block devices`)
  if (wanted.selector) return refuse('claim Selector is not supported')
  if (storageClass.mountOptions?.length) return refuse('mount options are not supported')
  const { volumeAttributesClassName: asked } = wanted
  if (asked) return refuse(attributesProblem(asked, attributes))
  const problem = isRestore(claim) ? snapshotProblem(claim, snapshot) : sourceProblem(claim, source)
  if (problem !== undefined) return refuse(problem)
  const only = source.volume && onlyNodeOf(source.volume)
  if (only !== undefined && chosen !== undefined && only !== chosen)
    return refuse(`the data of its source is on node "${only}" alone`)
  return {
    do: 'create',
    volume: volumeFor(claim, storageClass, node),
    ...(source.volume ? { cloneOf: source.volume } : {}),
    ...(snapshot?.content?.status?.snapshotHandle ? { snapshotHandle: snapshot.content.status.snapshotHandle } : {}),
  }
}

const isClone = ({ spec }: Claim): boolean =>
  spec?.dataSource?.kind === 'PersistentVolumeClaim' && !spec.dataSource.apiGroup

/** Name of the claim that the claim is to be a copy of. */
export const sourceNameOf = (claim: Claim): string | undefined =>
  isClone(claim) ? claim.spec?.dataSource?.name : undefined

const isRestore = ({ spec }: Claim): boolean =>
  spec?.dataSource?.kind === 'VolumeSnapshot' && spec.dataSource.apiGroup === snapshotGroup

/** Name of the snapshot that the claim is to be restored from. */
export const snapshotNameOf = (claim: Claim): string | undefined =>
  isRestore(claim) ? claim.spec?.dataSource?.name : undefined

/** In the words of external-provisioner (getSnapshotSource). */
function snapshotProblem(claim: Claim, source: SnapshotSource | undefined): string | undefined {
  const name = claim.spec?.dataSource?.name ?? ''
  const { snapshot, content } = source ?? {}
  if (!snapshot) return `error getting snapshot ${name} from api server: volumesnapshots "${name}" not found`
  if (snapshot.metadata.deletionTimestamp) return `snapshot ${name} is currently being deleted`
  if (!snapshot.status?.boundVolumeSnapshotContentName || !content) return `snapshot ${name} not bound`
  if (!snapshot.status.readyToUse || !content.status?.snapshotHandle) return `snapshot ${name} is not Ready`
  if (content.spec.driver !== clusterVolumeProvisioner)
    return `error driver ${content.spec.driver} of the snapshot is not ${clusterVolumeProvisioner}`
  const size = String(content.status.restoreSize ?? 0)
  if (compareQuantities(requestOf(claim), size) < 0)
    return `requested volume size ${requestOf(claim)} is less than the size ${size} for the source snapshot ${name}`
  return undefined
}

function sourceProblem(claim: Claim, { claim: source, volume }: ProvisionView['source']): string | undefined {
  const from = claim.spec?.dataSource ?? claim.spec?.dataSourceRef
  if (!from) return undefined
  if (!isClone(claim)) return `data sources of kind ${from.kind} are not supported`
  if (!source)
    return `error getting PVC ${from.name} (namespace "${claim.metadata.namespace}") from api server: not found`
  if (!volume || source.status?.phase !== 'Bound') return `the PVC ${from.name} is not bound`
  if (volume.metadata.annotations?.[provisionedBy] !== clusterVolumeProvisioner)
    return `the source PVC and destination PVCs must be provisioned by ${clusterVolumeProvisioner}`
  if (compareQuantities(requestOf(claim), capacityOf(volume)) < 0)
    return `error, new PVC request must be greater than or equal in size to the specified PVC data source, requested ${requestOf(claim)} but source is ${capacityOf(volume)}`
  return undefined
}

function volumeFor(claim: Claim, storageClass: Stored<StorageClass>, node: Node | undefined): PersistentVolume & Named {
  const name = volumeNameOf(claim)
  const { path, nodeAffinity } = placeOf(name, node)
  const policy = storageClass.reclaimPolicy ?? 'Delete'
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { [provisionedBy]: clusterVolumeProvisioner },
      ...(policy === 'Delete' ? { finalizers: [provisionerFinalizer] } : {}),
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: requestOf(claim) },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: claim.metadata.namespace ?? '',
        name: claim.metadata.name,
        uid: claim.metadata.uid,
        resourceVersion: claim.metadata.resourceVersion,
      },
      local: { path },
      nodeAffinity,
      persistentVolumeReclaimPolicy: policy,
      storageClassName: classNameOf(claim),
      volumeMode: 'Filesystem',
    },
  }
}

/** `hold` and `release`: the provisioner's finalizer is to be set or removed. */
export type ReclaimDecision = 'nothing' | 'remove-data' | 'hold' | 'release'

/** What becomes of a provisioned volume by its reclaim policy (external-provisioner: shouldDelete, syncVolume). */
export function decideReclaim({ metadata, spec, status }: Volume): ReclaimDecision {
  if (metadata.annotations?.[provisionedBy] !== clusterVolumeProvisioner) return 'nothing'
  const isHeld = metadata.finalizers?.includes(provisionerFinalizer) ?? false
  if (spec?.persistentVolumeReclaimPolicy !== 'Delete') return isHeld ? 'release' : 'nothing'
  // A finalizer cannot be added to an object under deletion.
  if (metadata.deletionTimestamp) return isHeld && status?.phase !== 'Bound' ? 'remove-data' : 'nothing'
  if (status?.phase === 'Released') return 'remove-data'
  return isHeld ? 'nothing' : 'hold'
}

export type ResizeDecision =
  | { do: 'nothing' }
  | { do: 'begin' | 'finish'; status: PersistentVolumeClaim['status'] }
  | { do: 'grow-volume'; capacity: string }

/**
 * The next step of an expansion: the claim says that it has begun, the volume grows, the claim gets the new capacity
 * (external-resizer). The nodes have nothing to do: a folder has no size of its own.
 */
export function decideResize(claim: Claim, volume: Volume | undefined, now: string): ResizeDecision {
  const { spec, status, metadata } = claim
  if (!volume || metadata.deletionTimestamp || status?.phase !== 'Bound') return { do: 'nothing' }
  if (volume.metadata.annotations?.[provisionedBy] !== clusterVolumeProvisioner) return { do: 'nothing' }
  if (volume.metadata.name !== spec?.volumeName) return { do: 'nothing' }
  const wanted = requestOf(claim)
  const isLarger = (size: string | undefined): boolean => compareQuantities(wanted, size ?? '0') > 0
  if (!isLarger(status.capacity?.['storage'])) return { do: 'nothing' }
  const isBegun =
    status.allocatedResources?.['storage'] === wanted && status.conditions?.some(({ type }) => type === 'Resizing')
  if (!isBegun) {
    const resizing = { type: 'Resizing', status: 'True' }
    return {
      do: 'begin',
      status: {
        ...status,
        allocatedResources: { ...status.allocatedResources, storage: wanted },
        allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: 'ControllerResizeInProgress' },
        conditions: setCondition(status.conditions, resizing, now),
      },
    }
  }
  if (isLarger(capacityOf(volume))) return { do: 'grow-volume', capacity: wanted }
  const { allocatedResourceStatuses: _, conditions: before, ...kept } = status
  const conditions = withoutCondition(withoutCondition(before, 'Resizing'), 'FileSystemResizePending')
  return {
    do: 'finish',
    status: {
      ...kept,
      capacity: { ...status.capacity, storage: wanted },
      ...(conditions.length ? { conditions } : {}),
    },
  }
}
