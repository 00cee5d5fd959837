import { constants } from 'node:fs'
import { chmod, chown, lchown, open, readdir, type FileHandle } from 'node:fs/promises'
import { descriptorPath, O_PATH } from './safe-path.ts'

/**
 * Gives everything beneath an open folder to a group that may read and write it, folders with the set-group-id bit
 * (kubelet: SetVolumeOwnership). Pods may change the tree meanwhile: each entry is opened relative to its folder, never
 * through a link.
 * @param onlyOnMismatch leaves the tree alone where its root is as it should be (fsGroupChangePolicy OnRootMismatch)
 */
export async function giveToGroup(
  root: FileHandle,
  group: number,
  { onlyOnMismatch = false }: { onlyOnMismatch?: boolean } = {},
): Promise<void> {
  if (onlyOnMismatch && (await isGivenTo(root, group))) return
  for (const { name } of await readdir(descriptorPath(root), { withFileTypes: true })) {
    const path = `${descriptorPath(root)}/${name}`
    const entry = await open(path, O_PATH | constants.O_NOFOLLOW).catch(() => undefined)
    if (!entry) continue
    try {
      const stats = await entry.stat()
      if (stats.isSymbolicLink()) await lchown(path, stats.uid, group).catch(() => undefined)
      else if (stats.isDirectory()) await giveToGroup(entry, group)
      else await giveOne(entry, group)
    } finally {
      await entry.close()
    }
  }
  // Last: a root that is right says that the rest is.
  await giveOne(root, group)
}

async function giveOne(handle: FileHandle, group: number): Promise<void> {
  // An O_PATH descriptor allows neither fchown nor fchmod: its own path leads to the same file.
  const path = descriptorPath(handle)
  const stats = await handle.stat()
  await chown(path, stats.uid, group)
  await chmod(path, wantedMode(stats.mode, stats.isDirectory()))
}

const wantedMode = (mode: number, isFolder: boolean): number => (mode & 0o7777) | (isFolder ? 0o2770 : 0o660)

async function isGivenTo(handle: FileHandle, group: number): Promise<boolean> {
  const stats = await handle.stat()
  return stats.gid === group && (stats.mode & 0o7777) === wantedMode(stats.mode, true)
}
