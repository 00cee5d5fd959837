import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '#test/support/docker-cluster.ts'

const clusterName = `images-${process.pid}`
const image = 'redis:7'
let docker: DockerCluster
beforeAll(async () => {
  docker = await startDockerCluster({ name: clusterName })
}, 240_000)
afterAll(() => docker.remove(), 120_000)

const held = async (): Promise<{ names: string[]; used: boolean }[]> => {
  const [one] = await docker.cluster.images.list()
  if (!one || 'error' in one) throw new Error(one?.error ?? 'no worker')
  return one.images
}
const holds = async (name: string): Promise<boolean> => (await held()).some(({ names }) => names.includes(name))

test('images of the engine and archives are loaded, listed and removed, and damaged archives refused', async () => {
  const { images } = docker.cluster
  expect(await holds(image)).toBe(false)
  expect(await images.loadFromEngine(image)).toMatchObject({
    images: [{ names: [image] }],
    workers: docker.workers,
  })
  expect(await holds(image)).toBe(true)
  expect(await images.loadFromEngine(image)).toMatchObject({ workers: [] })
  await expect(images.loadFromEngine('nobody/nothing:1')).rejects.toThrow('has no image "nobody/nothing:1"')

  const [pruned] = await images.prune()
  expect(pruned).toMatchObject({ removed: expect.arrayContaining([image]) as unknown })
  expect(await holds(image)).toBe(false)
  // The sandboxes' image stays.
  expect((await held()).every(({ used }) => used)).toBe(true)

  const file = join(docker.dir, 'image.tar')
  const engine = await docker.engine.connect()
  await pipeline((await engine.getImage(image).get()) as Readable, createWriteStream(file))
  expect(await images.load(createReadStream(file))).toMatchObject({ images: [{ names: [image] }] })
  expect(await holds(image)).toBe(true)
  await images.prune()
  await expect(images.load(createReadStream(file, { end: 2_000_000 }))).rejects.toThrow('no archive of images')
  expect(await holds(image)).toBe(false)
}, 120_000)
