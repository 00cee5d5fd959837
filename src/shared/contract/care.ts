import { z } from 'zod'
import { clusterName, mirroredRegistry, mirrorUrls, workerLimits, workerName } from './clusters.ts'
import { duplex, procedure } from './stream.ts'

/** What keeps local clusters in order. */

/** A name, or the absolute path of a file. */
const snapshotName = z.string().min(1).max(4_096)
const ofCluster = z.strictObject({ cluster: clusterName })

export const snapshotInfo = z.object({
  cluster: z.string(),
  name: z.string(),
  /** Absolute path. */
  file: z.string(),
  bytes: z.number(),
  /** ms since the epoch. */
  takenAt: z.number(),
  objects: z.number(),
  volumes: z.number(),
  workers: z.number(),
  /** Of the Slipway that took it. */
  version: z.string(),
  /** Why it cannot be used; what it is of is not known then. */
  problem: z.string().optional(),
})
export type SnapshotInfo = z.infer<typeof snapshotInfo>

/** What became of an object of an import. */
export const importedObject = z.object({
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  /** `unchecked`: a dry run cannot tell before something else of the text is there. */
  result: z.enum(['created', 'configured', 'unchanged', 'unchecked', 'failed']),
  reason: z.string().optional(),
})
export type ImportedObject = z.infer<typeof importedObject>

export const diagnosticsDone = z.object({
  /** Absolute path. */
  file: z.string(),
  bytes: z.number(),
  files: z.number(),
  /** How many values were taken out. */
  redacted: z.number(),
})
export type DiagnosticsDone = z.infer<typeof diagnosticsDone>

export const diskUse = z.object({
  /** Of each worker: its images and containers, and what pods keep on it. */
  workers: z.array(z.object({ name: z.string(), engineBytes: z.number(), kubeletBytes: z.number() })),
  volumesBytes: z.number(),
  /** Of the cluster's folder: objects and their versions. */
  folderBytes: z.number(),
  snapshotsBytes: z.number(),
  /** Left on this machine, where the folder is. */
  freeBytes: z.number(),
})
export type DiskUse = z.infer<typeof diskUse>

export const clusterCertificate = z.object({
  /** `apiserver`, `admin`, `ca` …, `kubelet/NAME`, or `secret/NAMESPACE/NAME`. */
  name: z.string(),
  kind: z.enum(['authority', 'own', 'worker', 'secret']),
  subject: z.string(),
  /** ms since the epoch. */
  expires: z.number(),
})
export type ClusterCertificate = z.infer<typeof clusterCertificate>

const workerImage = z.object({
  id: z.string(),
  names: z.array(z.string()),
  sizeBytes: z.number(),
  /** Names of the workers that have it. */
  workers: z.array(z.string()),
  used: z.boolean(),
})
export type ClusterImage = z.infer<typeof workerImage>

export const care = {
  /** Of one cluster or, when unset, of all; the newest first. */
  snapshots: procedure
    .input(z.strictObject({ cluster: clusterName.optional() }))
    .output(z.object({ snapshots: z.array(snapshotInfo) })),
  /** Each of these starts an operation, which `clusters.watch` shows. */
  takeSnapshot: procedure
    .input(ofCluster.extend({ name: z.string().max(63).optional() }))
    .output(z.object({ name: z.string() })),
  /** `first`: what is there now is kept in a snapshot. */
  restoreSnapshot: procedure.input(ofCluster.extend({ snapshot: snapshotName, first: z.boolean() })).output(z.void()),
  clone: procedure.input(ofCluster.extend({ name: clusterName, snapshot: snapshotName.optional() })).output(z.void()),
  /** `keepKeys`: the new cluster has the authorities and keys of the file, which whoever has made it has, too. */
  openSnapshot: procedure
    .input(z.strictObject({ file: snapshotName, name: clusterName, keepKeys: z.boolean() }))
    .output(z.void()),
  /** YAML of what users have made; of `namespaces` alone where they are named. */
  exportManifests: procedure
    .input(ofCluster.extend({ namespaces: z.array(z.string().max(63)).max(1_000).optional(), secrets: z.boolean() }))
    .output(z.object({ manifests: z.string(), objects: z.number(), withheld: z.array(z.string()) })),
  importManifests: procedure
    .input(ofCluster.extend({ manifests: z.string().max(20_000_000), dryRun: z.boolean() }))
    .output(z.object({ objects: z.array(importedObject) })),
  /** A file in the data folder when `file` is unset. */
  diagnostics: procedure
    .input(
      z.strictObject({
        clusters: z.array(clusterName).max(1_000).optional(),
        podLogs: z.boolean(),
        file: z.string().max(4_096).optional(),
      }),
    )
    .output(diagnosticsDone),
  limitWorker: procedure.input(ofCluster.extend({ worker: workerName, limits: workerLimits })).output(z.void()),
  /** The mirrors of one registry; none has workers ask the registry itself alone. */
  setMirrors: procedure.input(ofCluster.extend({ registry: mirroredRegistry, urls: mirrorUrls })).output(z.void()),
  disk: procedure.input(ofCluster).output(diskUse),
  images: procedure.input(ofCluster).output(z.object({ images: z.array(workerImage), problems: z.array(z.string()) })),
  /** An image of this machine's engine. @returns the workers that lacked it */
  loadImage: procedure
    .input(ofCluster.extend({ reference: z.string().min(1).max(500) }))
    .output(z.object({ names: z.array(z.string()), workers: z.array(z.string()) })),
  /** An archive of `docker save`, in parts; the answer to each says that the next may come. */
  uploadImage: duplex({
    open: ofCluster,
    up: z.union([z.strictObject({ part: z.string().max(3_000_000) }), z.strictObject({ end: z.literal(true) })]),
    down: z.union([
      z.object({ bytes: z.number() }),
      z.object({ names: z.array(z.string()), workers: z.array(z.string()) }),
    ]),
  }),
  /** Images that no pod uses. */
  pruneImages: procedure
    .input(ofCluster)
    .output(z.object({ removed: z.number(), freedBytes: z.number(), problems: z.array(z.string()) })),
  certificates: procedure.input(ofCluster).output(z.object({ certificates: z.array(clusterCertificate) })),
  /** Starts an operation. `authorities`: those too, which restarts all workers. */
  rotateCertificates: procedure.input(ofCluster.extend({ authorities: z.boolean() })).output(z.void()),
  deleteSnapshot: procedure.input(ofCluster.extend({ snapshot: z.string().max(63) })).output(z.void()),
}
