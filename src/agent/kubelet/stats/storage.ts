import { statSync } from 'node:fs'
import { readlink, statfs } from 'node:fs/promises'
import type { Clock } from '#shared/base/clock.ts'
import type { Pod, Volume } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { ObservedContainer, Runtime } from '../runtime/runtime.ts'
import { volumeFolder } from '../volume-folders.ts'
import { createDiskUsage, type DiskUsage, type TreeSize } from './disk-usage.ts'
import type { Snapshot } from './snapshot.ts'

/** Disk space of this node, its containers and volumes. */
export interface Storage {
  /** Of the kubelet's folder, and of the engine's. */
  kubelet: Filesystem | undefined
  engine: Filesystem | undefined
  /** Of all images, bytes. */
  imageBytes: number
  /** By container id. */
  containers: ReadonlyMap<string, { layer: TreeSize | undefined; logBytes: number | undefined }>
  /** By pod uid. */
  volumes: ReadonlyMap<string, readonly VolumeUsage[]>
}

/** Bytes and inodes. */
export interface Filesystem {
  capacity: number
  used: number
  /** What is left for programs without root's reserve. */
  free: number
  inodes: number
  inodesFree: number
}

export interface VolumeUsage {
  name: string
  /** Name of its claim, for a volume of one. */
  claim: string | undefined
  filesystem: Filesystem
  size: TreeSize
  /** Lies on the node's disk, and counts as the pod's ephemeral storage. */
  isEphemeral: boolean
}

export interface StorageReader {
  of(snapshot: Snapshot): Promise<Storage>
}

export const engineRoot = '/var/lib/docker'

export function createStorageReader({
  root,
  runtime,
  clock,
  disk = createDiskUsage({ clock }),
}: {
  /** `/var/lib/kubelet` */
  root: string
  runtime: Pick<Runtime, 'images'>
  clock: Clock
  disk?: DiskUsage
}): StorageReader {
  return {
    async of({ pods }) {
      const containers = pods.flatMap(({ containers: all, sandbox }) => [...all, ...(sandbox ? [sandbox] : [])])
      const volumes = (await Promise.all(pods.map(({ pod }) => foldersOf(root, pod)))).flat()
      const layers = containers.flatMap(({ observed }) => observed.layerFolder ?? [])
      const [sizes, kubelet, engine, images, filesystems] = await Promise.all([
        disk.of([...layers, ...volumes.map(({ path }) => path)]),
        filesystemOf(root),
        filesystemOf(engineRoot),
        runtime.images().catch(() => []),
        Promise.all(volumes.map(({ path }) => filesystemOf(path))),
      ])
      const byPod = new Map<string, VolumeUsage[]>()
      for (const [index, { uid, volume, path }] of volumes.entries()) {
        const size = sizes.get(path)
        const filesystem = filesystems[index]
        if (!size || !filesystem) continue
        const usage = { name: volume.name, claim: claimOf(volume), filesystem, size, isEphemeral: isEphemeral(volume) }
        byPod.set(uid, [...(byPod.get(uid) ?? []), usage])
      }
      return {
        kubelet,
        engine,
        imageBytes: images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        containers: new Map(
          containers.map(({ observed }) => [
            observed.id,
            { layer: sizes.get(observed.layerFolder ?? ''), logBytes: logSize(observed) },
          ]),
        ),
        volumes: byPod,
      }
    },
  }
}

interface VolumeFolder {
  uid: string
  volume: Volume
  path: string
}

/** Volumes that the kubelet measures: not those that are a path of the node or an image. */
async function foldersOf(root: string, pod: Stored<Pod>): Promise<VolumeFolder[]> {
  const { uid, name } = pod.metadata
  const volumes = (pod.spec?.volumes ?? []).filter((volume) => !volume.hostPath && !volume.image)
  return Promise.all(
    volumes.map(async (volume) => {
      const folder = volumeFolder(root, uid, volume)
      const own = volume.ephemeral
        ? { ...volume, persistentVolumeClaim: { claimName: `${name}-${volume.name}` } }
        : volume
      // A claim's folder is a link to the folder behind it.
      return { uid, volume: own, path: claimOf(own) ? await readlink(folder).catch(() => folder) : folder }
    }),
  )
}

const claimOf = ({ persistentVolumeClaim }: Volume): string | undefined => persistentVolumeClaim?.claimName

const isEphemeral = ({ emptyDir, configMap }: Volume): boolean =>
  configMap !== undefined || (emptyDir !== undefined && emptyDir.medium !== 'Memory')

/** @returns undefined where there is nothing */
async function filesystemOf(path: string): Promise<Filesystem | undefined> {
  try {
    const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path)
    return {
      capacity: blocks * bsize,
      used: (blocks - bfree) * bsize,
      free: bavail * bsize,
      inodes: files,
      inodesFree: ffree,
    }
  } catch {
    return undefined
  }
}

/**
 * Of the current file and of those that the engine has rotated (`max-file` in resources/worker/daemon.json). They are on the
 * engine's own disk and many: to ask at once costs a tenth of what asking a thread does.
 */
function logSize({ logFile }: ObservedContainer): number | undefined {
  if (!logFile) return undefined
  const sizes = [logFile, `${logFile}.1`, `${logFile}.2`].map(
    (path) => (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512,
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
