import type { Change, ObjectChange } from './cluster-state.ts'

/** Kubernetes' name for what brings a pod back into a queue, as its metrics label it. */
export function eventOf(change: Change): string {
  const known = plain[change.type]
  if (known !== undefined || !('action' in change)) return known ?? change.type
  return kinds[change.type] + actions[change.action]
}

const plain: Record<string, string | undefined> = {
  'node-added': 'NodeAdd',
  'node-labels': 'NodeLabelChange',
  'node-taints': 'NodeTaintChange',
  'node-allocatable': 'NodeAllocatableChange',
  'pod-added': 'AssignedPodAdd',
  'pod-removed': 'AssignedPodDelete',
  namespaces: 'NamespaceUpdate',
}

const kinds: Record<ObjectChange['type'], string> = {
  claim: 'PersistentVolumeClaim',
  volume: 'PersistentVolume',
  'storage-class': 'StorageClass',
  'csi-node': 'CSINode',
  'csi-driver': 'CSIDriver',
  'storage-capacity': 'CSIStorageCapacity',
  'volume-attachment': 'VolumeAttachment',
  'resource-claim': 'ResourceClaim',
  'resource-slice': 'ResourceSlice',
  'device-class': 'DeviceClass',
}

const actions = { added: 'Add', updated: 'Update', deleted: 'Delete' } as const
