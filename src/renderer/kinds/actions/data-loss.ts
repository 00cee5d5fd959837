import type { Stored } from '#shared/kube/object.ts'
import type { ActionKind } from './action.ts'

/**
 * Whether data or much else go with an object that is deleted, so that its name has to be typed: those that hold others,
 * claims and volumes that are not retained, and StatefulSets whose claims go with them.
 */
export function losesData({ resource: { group, kind } }: ActionKind, object: Stored): boolean {
  const { spec = {} } = object as { spec?: StorageSpec }
  const lossOf = losses[group ? `${group}/${kind}` : kind]
  return lossOf?.(spec) ?? false
}

interface StorageSpec {
  volumeName?: string
  persistentVolumeReclaimPolicy?: string
  volumeClaimTemplates?: unknown[]
  persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string }
}

const losses: Readonly<Record<string, (spec: StorageSpec) => boolean>> = {
  Namespace: () => true,
  Node: () => true,
  'apiextensions.k8s.io/CustomResourceDefinition': () => true,
  PersistentVolume: ({ persistentVolumeReclaimPolicy }) => persistentVolumeReclaimPolicy !== 'Retain',
  PersistentVolumeClaim: ({ volumeName }) => volumeName !== undefined && volumeName !== '',
  // Claims outlive their StatefulSet unless it says otherwise.
  'apps/StatefulSet': ({ volumeClaimTemplates = [], persistentVolumeClaimRetentionPolicy }) =>
    volumeClaimTemplates.length > 0 && persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete',
}
