import type { DiskUse } from '#shared/contract/care.ts'

/** All that a cluster takes on disk, bytes. */
export function diskTotal({ workers, volumesBytes, folderBytes, snapshotsBytes }: DiskUse): number {
  const machines = workers.reduce((sum, { engineBytes, kubeletBytes }) => sum + engineBytes + kubeletBytes, 0)
  return machines + volumesBytes + folderBytes + snapshotsBytes
}

/** Below it, a machine is about to run out of disk, bytes. */
export const littleDisk = 5e9
