import type Docker from 'dockerode'
import { buildImage, contextHash, hasImage, type ImageWork } from './build-image.ts'

/**
 * The image of workers, built once on the host's engine and tagged with the hash of what it was built from.
 * @param context `resources/worker` @returns its tag
 */
export async function ensureWorkerImage(docker: Docker, context: string, work: ImageWork): Promise<string> {
  const tag = `slipway-worker:${await contextHash(context)}`
  if (await hasImage(docker, tag)) return tag
  await buildImage(docker, { context, tag, labels: { 'slipway.dev/image': 'worker' } }, work)
  return tag
}
