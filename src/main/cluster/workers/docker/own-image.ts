import type Docker from 'dockerode'
import { buildImage, contextHash, hasImage, type ImageWork } from './build-image.ts'

/**
 * An image of the project's own, built once on the host's engine and tagged with the hash of what it was built from.
 * @param of `name`: `worker`, or `stand-in`; `context`: its folder in `resources` @returns its tag
 */
export async function ensureOwnImage(
  docker: Docker,
  { name, context }: { name: string; context: string },
  work: ImageWork,
): Promise<string> {
  const tag = `slipway-${name}:${await contextHash(context)}`
  if (await hasImage(docker, tag)) return tag
  await buildImage(docker, { context, tag, labels: { 'slipway.dev/image': name } }, work)
  return tag
}
