import { lstat, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterCertificate, ClusterImage, DiskUse, ImportedObject } from '#shared/contract/care.ts'
import {
  certificatesOf,
  discardCertificates,
  type KeyFiles,
  type RunningCluster,
  type Snapshots,
  type WorkerDisk,
} from '#main/cluster/index.ts'
import type { ClusterHands } from './cluster-snapshots.ts'
import { uncancelled } from './operation.ts'
import { exportManifests, type Exported, type ExportOptions } from './manifests/export.ts'
import { importManifests } from './manifests/import.ts'

/** What keeps the clusters of one data folder in order, beside their snapshots. Names are those of clusters. */
export interface ClusterCare {
  /** Of a cluster that runs or not. @throws Error for the user */
  exportManifests(name: string, options: ExportOptions): Promise<Exported>
  importManifests(name: string, manifests: string, options: { dryRun: boolean }): Promise<ImportedObject[]>
  disk(name: string): Promise<DiskUse>
  images(name: string): Promise<{ images: ClusterImage[]; problems: string[] }>
  pruneImages(name: string): Promise<{ removed: number; freedBytes: number; problems: string[] }>
  certificates(name: string): Promise<ClusterCertificate[]>
  /**
   * Starts the operation: own and workers' certificates are issued anew while the pods go on. With `authorities` those are new, too:
   * all workers are restarted, so that no pod keeps the old one.
   */
  rotateCertificates(name: string, options: { authorities: boolean }): void
}

export function createClusterCare({
  hands,
  running,
  snapshots,
  snapshotsDir,
  keys,
  workerDisk,
}: {
  hands: ClusterHands
  /** @throws Error for the user when it does not run */
  running(name: string): RunningCluster
  snapshots: Snapshots
  snapshotsDir: string
  keys: KeyFiles
  workerDisk: WorkerDisk
}): ClusterCare {
  return {
    async exportManifests(name, options) {
      const member = hands.find(name)
      const { cluster, dir, spec, workers } = member
      if (cluster) return exportManifests(cluster.objects().entries, options)
      // A store is open once: neither a start nor a restore may come in between.
      hands.requireIdle(member)
      member.reader = 'export'
      try {
        return await snapshots.read({ dir, spec, workers }, ({ entries }) =>
          Promise.resolve(exportManifests(entries, options)),
        )
      } finally {
        delete member.reader
      }
    },

    async importManifests(name, manifests, options) {
      running(name)
      const { context } = hands.find(name)
      if (!context) throw new Error(`cluster "${name}" is not running`)
      return importManifests(context, manifests, options)
    },

    async disk(name) {
      const { dir, spec, workers } = hands.find(name)
      // The spec has the number that it was made with; others may have come since.
      const hasMachines = spec.simulated !== true && spec.workers + workers.length > 0
      const [machines, folderBytes, snapshotsBytes, { bavail, bsize }] = await Promise.all([
        hasMachines ? workerDisk(name) : { workers: [], volumesBytes: 0 },
        sizeOf(dir),
        sizeOf(join(snapshotsDir, name)),
        statfs(dir),
      ])
      return { ...machines, folderBytes, snapshotsBytes, freeBytes: bavail * bsize }
    },

    async images(name) {
      const byId = new Map<string, ClusterImage>()
      const problems: string[] = []
      for (const answer of await running(name).images.list()) {
        if ('error' in answer) {
          problems.push(`${answer.worker}: ${answer.error}`)
          continue
        }
        for (const { id, names, sizeBytes, used } of answer.images) {
          const known = byId.get(id) ?? { id, names: [], sizeBytes, workers: [], used: false }
          const all = [...new Set([...known.names, ...names])]
          byId.set(id, { ...known, names: all, used: known.used || used, workers: [...known.workers, answer.worker] })
        }
      }
      return { images: [...byId.values()].sort((a, b) => b.sizeBytes - a.sizeBytes), problems }
    },

    async pruneImages(name) {
      const answers = await running(name).images.prune()
      const done = answers.flatMap((answer) => ('error' in answer ? [] : [answer]))
      return {
        removed: done.reduce((sum, { removed }) => sum + removed.length, 0),
        freedBytes: done.reduce((sum, { freedBytes }) => sum + freedBytes, 0),
        problems: answers.flatMap((answer) => ('error' in answer ? [`${answer.worker}: ${answer.error}`] : [])),
      }
    },

    certificates(name) {
      const { dir, cluster } = hands.find(name)
      return certificatesOf({ dir, keys, running: cluster })
    },

    rotateCertificates(name, { authorities }) {
      const member = hands.find(name)
      member.again = () => this.rotateCertificates(name, { authorities })
      hands.operate(member, 'rotate', member.state, async (work) => {
        const wasRunning = member.cluster !== undefined
        if (wasRunning) {
          member.state = 'starting'
          await hands.bringDown(member, authorities ? 'stop' : 'keep')
        }
        try {
          await discardCertificates({ dir: member.dir, all: authorities })
        } finally {
          if (wasRunning) await hands.bringUp(member, uncancelled(work))
        }
      })
    },
  }
}

/** Bytes of all files below; 0 where there are none. */
async function sizeOf(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => (await lstat(join(parentPath, name)).catch(() => undefined))?.size ?? 0)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
