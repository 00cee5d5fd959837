import { join } from 'node:path'
import type { Volume } from '#shared/kube/generated/types.ts'

/** `/var/lib/kubelet/pods/<uid>` */
export const podFolder = (root: string, uid: string): string => join(root, 'pods', uid)

/** tmpfs for Secrets and tokens, never on disk. The agent mounts it before it starts pods. */
export const memoryFolder = (root: string): string => join(root, 'memory')

/** Folder of a volume; for a hostPath or a claim a link that records the path, opened again for each container. */
export function volumeFolder(root: string, uid: string, { name, secret, projected, downwardAPI }: Volume): string {
  const inMemory = secret ?? projected ?? downwardAPI
  return inMemory ? join(memoryFolder(root), uid, name) : join(podFolder(root, uid), 'volumes', name)
}
