import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildImage, hasImage } from '#main/cluster/workers/docker/build-image.ts'
import { connectDocker } from '#main/cluster/workers/docker/connection.ts'
import { ensureOwnImage } from '#main/cluster/workers/docker/own-image.ts'

/**
 * `npm run images`: builds the worker image and, under their public names, the images of samples and tests, from Debian
 * packages without a registry. Images that the engine already has are not replaced.
 */
const resources = join(import.meta.dirname, '../resources')
const images: [tag: string, target: string][] = [
  ['registry.k8s.io/pause:3.10', 'pause'],
  ['busybox:1.36', 'busybox'],
  ['nginx:stable', 'nginx'],
  ['redis:7', 'redis'],
  ['slipway/test-server:1', 'test-server'],
  ['slipway/test-programs:2', 'test-programs'],
]

/** The driver of pretended devices, for which `resources/devices/devices.yaml` is the manifest. */
async function buildDeviceDriver(docker: Awaited<ReturnType<typeof connectDocker>>, tag: string): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'slipway-devices-'))
  try {
    await cp(join(resources, 'devices/Dockerfile'), join(context, 'Dockerfile'))
    await build({
      entryPoints: [join(resources, '../test/support/dra/main.ts')],
      outfile: join(context, 'driver.cjs'),
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      minify: true,
    })
    await buildImage(docker, { context, tag }, work)
  } finally {
    await rm(context, { recursive: true })
  }
}

const work = { log: process.argv.includes('--verbose') ? (line: string) => console.error(line) : () => undefined }
try {
  const docker = await connectDocker()
  for (const name of ['worker', 'stand-in'])
    console.log(`${await ensureOwnImage(docker, { name, context: join(resources, name) }, work)}: ready`)
  for (const [tag, target] of images) {
    if (!(await hasImage(docker, tag)))
      await buildImage(docker, { context: join(resources, 'images'), tag, target }, work)
    console.log(`${tag}: ready`)
  }
  const driver = 'slipway/device-driver:1'
  if (!(await hasImage(docker, driver))) await buildDeviceDriver(docker, driver)
  console.log(`${driver}: ready`)
} catch (error) {
  console.error(`images: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
