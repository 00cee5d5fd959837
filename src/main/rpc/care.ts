import { PassThrough } from 'node:stream'
import type { LocalClusters } from '#main/contexts/local-clusters.ts'
import type { DiagnosticsDone } from '#shared/contract/care.ts'
import type { Contexts } from './contexts.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'
import { withUserError } from './user-error.ts'

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
    takeSnapshot: topic.takeSnapshot.handler(({ input, errors }) =>
      withUserError(errors, async () => ({ name: await snapshots.take(input.cluster, input.name) })),
    ),
    restoreSnapshot: topic.restoreSnapshot.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        await requireWritable(input.cluster)
        snapshots.restore(input.cluster, input.snapshot, input)
      }),
    ),
    clone: topic.clone.handler(({ input, errors }) =>
      withUserError(errors, () => snapshots.clone(input.cluster, input.name, input.snapshot)),
    ),
    openSnapshot: topic.openSnapshot.handler(({ input, errors }) =>
      withUserError(errors, () => snapshots.open(input.file, input.name, input)),
    ),
    deleteSnapshot: topic.deleteSnapshot.handler(({ input, errors }) =>
      withUserError(errors, () => snapshots.remove(input.cluster, input.snapshot)),
    ),
    exportManifests: topic.exportManifests.handler(({ input, errors }) =>
      withUserError(errors, () => care.exportManifests(input.cluster, input)),
    ),
    importManifests: topic.importManifests.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        if (!input.dryRun) await requireWritable(input.cluster)
        return { objects: await care.importManifests(input.cluster, input.manifests, input) }
      }),
    ),
    diagnostics: topic.diagnostics.handler(({ input, errors }) => withUserError(errors, () => diagnostics(input))),
    limitWorker: topic.limitWorker.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        await requireWritable(input.cluster)
        await clusters.limitWorker(input.cluster, input.worker, input.limits)
      }),
    ),
    setMirrors: topic.setMirrors.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        await requireWritable(input.cluster)
        await clusters.setMirrors(input.cluster, input.registry, input.urls)
      }),
    ),
    disk: topic.disk.handler(({ input, errors }) => withUserError(errors, () => care.disk(input.cluster))),
    images: topic.images.handler(({ input, errors }) => withUserError(errors, () => care.images(input.cluster))),
    loadImage: topic.loadImage.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        await requireWritable(input.cluster)
        const { images, workers } = await clusters.running(input.cluster).images.loadFromEngine(input.reference)
        return { names: images.map(({ names: [name], id }) => name ?? id), workers }
      }),
    ),
    uploadImage: topic.uploadImage.handler(({ input, signal, errors }) =>
      serveStream<
        { cluster: string },
        { part: string } | { end: true },
        { bytes: number } | { names: string[]; workers: string[] }
      >(input, signal, ({ cluster }, port) =>
        withUserError(errors, async () => {
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
    ),
    pruneImages: topic.pruneImages.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        await requireWritable(input.cluster)
        return care.pruneImages(input.cluster)
      }),
    ),
    certificates: topic.certificates.handler(({ input, errors }) =>
      withUserError(errors, async () => ({ certificates: await care.certificates(input.cluster) })),
    ),
    rotateCertificates: topic.rotateCertificates.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        await requireWritable(input.cluster)
        care.rotateCertificates(input.cluster, input)
      }),
    ),
  }
}
