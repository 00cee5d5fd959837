import type { NamespacedMeta, ObjectMeta } from './object.ts'
import type { Resource } from './resources.ts'

/** The snapshot API of Kubernetes' CSI project (snapshot.storage.k8s.io/v1), as far as Slipway reads and writes it. */
export const snapshotGroup = 'snapshot.storage.k8s.io'
export const snapshotVersion = `${snapshotGroup}/v1`

/** On the definition of VolumeSnapshotClass that a cluster is born with: the default class is to be made, once. */
export const firstClassAnnotation = 'slipway.dev/first-class'

export interface SnapshotError {
  time?: string
  message?: string
}

export interface VolumeSnapshot {
  apiVersion?: string
  kind?: string
  metadata: NamespacedMeta
  spec: {
    source: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string }
    volumeSnapshotClassName?: string
  }
  status?: {
    boundVolumeSnapshotContentName?: string
    creationTime?: string
    readyToUse?: boolean
    restoreSize?: string
    error?: SnapshotError
  }
}

export interface VolumeSnapshotContent {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  spec: {
    deletionPolicy: 'Delete' | 'Retain'
    driver: string
    source: { volumeHandle?: string; snapshotHandle?: string }
    sourceVolumeMode?: string
    volumeSnapshotClassName?: string
    volumeSnapshotRef: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string }
  }
  status?: {
    snapshotHandle?: string
    /** Nanoseconds since the epoch. */
    creationTime?: number
    readyToUse?: boolean
    /** Bytes. */
    restoreSize?: number
    error?: SnapshotError
  }
}

export interface VolumeSnapshotClass {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  driver: string
  deletionPolicy: 'Delete' | 'Retain'
  parameters?: Record<string, string>
}

const identity = { group: snapshotGroup, version: 'v1' }

export const volumeSnapshots: Resource<VolumeSnapshot> = {
  ...identity,
  kind: 'VolumeSnapshot',
  plural: 'volumesnapshots',
  namespaced: true,
}
export const volumeSnapshotContents: Resource<VolumeSnapshotContent> = {
  ...identity,
  kind: 'VolumeSnapshotContent',
  plural: 'volumesnapshotcontents',
  namespaced: false,
}
export const volumeSnapshotClasses: Resource<VolumeSnapshotClass> = {
  ...identity,
  kind: 'VolumeSnapshotClass',
  plural: 'volumesnapshotclasses',
  namespaced: false,
}
