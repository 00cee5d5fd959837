import { execFile } from 'node:child_process'
import { chmod, mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { RequestRefused } from '#shared/base/request-edge.ts'
import { clusterVolumesRoot, isVolumeName, nodeVolumesRoot } from '#shared/kube/cluster-volumes.ts'
import { systemMounts, removeTrees } from './files/mounts.ts'

/** The folders of provisioned volumes that this worker reaches. Names come from the host, and are checked again here. */
export interface ClusterVolumes {
  /** Removes a volume's folder; nothing happens when there is none. @throws RequestRefused for what is no name */
  remove(name: string): Promise<void>
  /** Copies one volume's folder to another's, which is there once the copy is complete. @throws RequestRefused */
  copy(from: string, to: string): Promise<void>
}

export function createClusterVolumes({
  roots = [clusterVolumesRoot, nodeVolumesRoot],
}: { roots?: readonly string[] } = {}): ClusterVolumes {
  /** Copies that are being made, by their name: a repeated request joins them. */
  const copies = new Map<string, Promise<void>>()

  async function copyIn(root: string, from: string, to: string): Promise<void> {
    if (!(await exists(join(root, from))) || (await exists(join(root, to)))) return
    const part = join(root, `.part-${to}`)
    await removeTrees(part)
    await makeFolder(part)
    await run('bash', ['-c', copyTree, 'bash', join(root, from), part])
    await rename(part, join(root, to))
  }

  return {
    async remove(name) {
      checkName(name)
      await removeTrees(...roots.map((root) => join(root, name)))
    },
    copy(from, to) {
      checkName(from)
      checkName(to)
      let copy = copies.get(to)
      if (!copy) {
        copy = (async () => {
          for (const root of roots) await copyIn(root, from, to)
        })().finally(() => copies.delete(to))
        copies.set(to, copy)
      }
      return copy
    },
  }
}

/** Whether the cluster's volume is mounted on this worker: those made before it existed lack it, until they are made anew. */
export const hasClusterVolume = async (): Promise<boolean> =>
  (await systemMounts.beneath(clusterVolumesRoot)).includes(clusterVolumesRoot)

/**
 * Creates the folder of a volume unless it is there, writable for any user, as the provisioners of local paths do. The
 * cluster's volume itself is never created: a folder in its place would be the worker's own.
 */
export async function ensureVolumeFolder({ root, name }: { root: string; name: string }): Promise<void> {
  if (root === nodeVolumesRoot) await mkdir(root, { recursive: true, mode: 0o711 })
  const path = join(root, name)
  if (!(await exists(path)) && (await exists(dirname(path)))) await makeFolder(path)
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o777)
}

function checkName(name: string): void {
  if (!isVolumeName(name)) throw new RequestRefused(400, `"${name}" is not the name of a volume`)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Pods may change the source meanwhile: tar opens every folder relative to its parent and follows no link, which cp does
 * not promise.
 */
const copyTree =
  'set -o pipefail; tar -C "$1" --one-file-system --numeric-owner -cf - . | tar -C "$2" --numeric-owner -xpf -'

const run = promisify(execFile)
