import type { Pod } from '#shared/kube/generated/types.ts'
import { HostPathRefused, openHostPath } from './files/host-path.ts'
import { giveToGroup } from './files/ownership.ts'
import type { OpenedPath } from './files/safe-path.ts'
import { MountFailed } from './mount-failed.ts'

/** Gives the files of a volume to the pod's fsGroup, if it has one. @throws MountFailed when the folder is missing */
export async function giveToFsGroup(path: string, { spec }: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = spec?.securityContext ?? {}
  let opened: OpenedPath
  try {
    opened = await openHostPath(path, 'Directory', { links: 'owned' })
  } catch (error) {
    throw error instanceof HostPathRefused ? new MountFailed(`path "${path}" does not exist`) : error
  }
  try {
    if (fsGroup !== undefined)
      await giveToGroup(opened.handle, fsGroup, { onlyOnMismatch: fsGroupChangePolicy === 'OnRootMismatch' })
  } finally {
    await opened.handle.close()
  }
}
