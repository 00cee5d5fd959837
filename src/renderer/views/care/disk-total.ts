import type { DiskUse } from '#shared/contract/care.ts'

/** What a cluster takes on disk, by what it is. */
export type DiskPart = 'images' | 'volumes' | 'snapshots' | 'pods' | 'objects'

/** @returns all parts, bytes */
export function diskParts({ workers, volumesBytes, folderBytes, snapshotsBytes }: DiskUse): Record<DiskPart, number> {
  const sum = (field: 'engineBytes' | 'kubeletBytes'): number => workers.reduce((all, each) => all + each[field], 0)
  return {
    images: sum('engineBytes'),
    volumes: volumesBytes,
    snapshots: snapshotsBytes,
    pods: sum('kubeletBytes'),
    objects: folderBytes,
  }
}

/** All that a cluster takes on disk, bytes. */
export const diskTotal = (use: DiskUse): number => Object.values(diskParts(use)).reduce((sum, bytes) => sum + bytes, 0)

/** Below it, a machine is about to run out of disk, bytes. */
export const littleDisk = 5e9
