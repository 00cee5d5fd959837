import { PassThrough } from 'node:stream'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import type { DiagnosticsDone } from '#shared/contract/care.ts'
import type { Contexts } from './contexts.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

export interface CareTopicOptions {
  clusters: LocalClusters
  contexts: Pick<Contexts, 'requireWritable'>
  /** @throws Error for the user when the file cannot be written */
  diagnostics(order: {
    clusters?: string[] | undefined
    podLogs: boolean
    file?: string | undefined
  }): Promise<DiagnosticsDone>
}

export function careTopic({ clusters, contexts, diagnostics }: CareTopicOptions) {
  const { snapshots, care } = clusters
  const requireWritable = (cluster: string): Promise<void> => contexts.requireWritable(`local:${cluster}`)
  const topic = implementer.care
  return {
    snapshots: topic.snapshots.handler(async ({ input }) => ({ snapshots: await snapshots.list(input.cluster) })),
    takeSnapshot: topic.takeSnapshot.handler(async ({ input }) => ({
      name: await snapshots.take(input.cluster, input.name),
    })),
    restoreSnapshot: topic.restoreSnapshot.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      snapshots.restore(input.cluster, input.snapshot, input)
    }),
    clone: topic.clone.handler(({ input }) => snapshots.clone(input.cluster, input.name, input.snapshot)),
    openSnapshot: topic.openSnapshot.handler(({ input }) => snapshots.open(input.file, input.name, input)),
    deleteSnapshot: topic.deleteSnapshot.handler(({ input }) => snapshots.remove(input.cluster, input.snapshot)),
    exportManifests: topic.exportManifests.handler(({ input }) => care.exportManifests(input.cluster, input)),
    importManifests: topic.importManifests.handler(async ({ input }) => {
      if (!input.dryRun) await requireWritable(input.cluster)
      return { objects: await care.importManifests(input.cluster, input.manifests, input) }
    }),
    diagnostics: topic.diagnostics.handler(({ input }) => diagnostics(input)),
    limitWorker: topic.limitWorker.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      await clusters.limitWorker(input.cluster, input.worker, input.limits)
    }),
    setMirrors: topic.setMirrors.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      await clusters.setMirrors(input.cluster, input.registry, input.urls)
    }),
    disk: topic.disk.handler(({ input }) => care.disk(input.cluster)),
    images: topic.images.handler(({ input }) => care.images(input.cluster)),
    loadImage: topic.loadImage.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      const { images, workers } = await clusters.running(input.cluster).images.loadFromEngine(input.reference)
      return { names: images.map(({ names: [name], id }) => name ?? id), workers }
    }),
    uploadImage: topic.uploadImage.handler(({ input, signal }) =>
      serveStream<
        { cluster: string },
        { part: string } | { end: true },
        { bytes: number } | { names: string[]; workers: string[] }
      >(input, signal, async ({ cluster }, port) => {
        await requireWritable(cluster)
        const archive = new PassThrough()
        // Whoever reads it is told; nobody does where the cluster does not run.
        archive.on('error', () => undefined)
        let bytes = 0
        port.onData((data) => {
          if ('end' in data) {
            archive.end()
            return
          }
          const part = Buffer.from(data.part, 'base64')
          bytes += part.length
          // The next part is sent for once the workers have taken this one.
          archive.write(part, () => void port.send({ bytes }))
        })
        port.signal.addEventListener('abort', () => archive.destroy(new Error('the upload was broken off')))
        const { images, workers } = await clusters.running(cluster).images.load(archive)
        await port.send({ names: images.map(({ names: [name], id }) => name ?? id), workers })
      }),
    ),
    pruneImages: topic.pruneImages.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      return care.pruneImages(input.cluster)
    }),
    certificates: topic.certificates.handler(async ({ input }) => ({
      certificates: await care.certificates(input.cluster),
    })),
    rotateCertificates: topic.rotateCertificates.handler(async ({ input }) => {
      await requireWritable(input.cluster)
      care.rotateCertificates(input.cluster, input)
    }),
  }
}
