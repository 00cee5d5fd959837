import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { extract, pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createHostImages } from './host-images.ts'

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const config = '{"os":"linux"}'
const layers = ['base', 'libraries', 'base', 'app']
const image = { id: `sha256:${digestOf(config)}`, layers: layers.map((layer) => `sha256:${digestOf(layer)}`) }

function archive(damaged = false): Readable {
  const packed = pack()
  for (const content of new Set([config, ...layers]))
    packed.entry({ name: `blobs/sha256/${digestOf(content)}` }, damaged && content === 'app' ? 'other' : content)
  const list = [{ Config: `blobs/sha256/${digestOf(config)}`, RepoTags: ['app:1'] }]
  packed.entry({ name: 'manifest.json' }, JSON.stringify(list))
  packed.finalize()
  return Readable.from(packed)
}

/** Contents of what a worker has got. */
async function contentsOf(stream: Readable | undefined): Promise<string[]> {
  const found: string[] = []
  const reader = extract()
  stream?.pipe(reader)
  for await (const entry of reader) found.push((await buffer(entry)).toString())
  return found.slice(0, -1)
}

function setUp({ damaged = false } = {}) {
  const exports: { reference: string; begin(): void }[] = []
  const images = createHostImages({
    find: async (reference) => (reference === 'app:1' ? image : undefined),
    save: async (reference) => {
      if (reference !== 'app:1') return undefined
      const source = new PassThrough()
      exports.push({ reference, begin: () => void archive(damaged).pipe(source) })
      return source
    },
    log: silentLog,
  })
  return { images, exports }
}

test('workers that ask for one image before it flows share its export, each without the layers that it has', async () => {
  const { images, exports } = setUp()
  const streams = await Promise.all([
    images.open('app:1'),
    images.open('app:1', { id: image.id, layers: 2 }),
    images.open('app:1', { id: 'sha256:another', layers: 2 }),
  ])
  expect(exports).toHaveLength(1)
  exports[0]?.begin()
  const all = [config, 'base', 'libraries', 'app']
  // The file of the first layer is that of the third as well.
  expect(await Promise.all(streams.map(contentsOf))).toEqual([all, [config, 'base', 'app'], all])
})

test('one that asks while it flows gets an export of its own', async () => {
  const { images, exports } = setUp()
  const first = await images.open('app:1')
  exports[0]?.begin()
  await contentsOf(first)
  const second = await images.open('app:1')
  exports[1]?.begin()
  expect(await contentsOf(second)).toHaveLength(4)
})

test('a worker that goes away does not keep the others from theirs', async () => {
  const { images, exports } = setUp()
  const [gone, other] = await Promise.all([images.open('app:1'), images.open('app:1')])
  gone?.destroy()
  exports[0]?.begin()
  expect(await contentsOf(other)).toHaveLength(4)
})

test('nobody gets all of an archive that is damaged', async () => {
  const { images, exports } = setUp({ damaged: true })
  const stream = await images.open('app:1')
  exports[0]?.begin()
  if (!stream) throw new Error('no stream')
  await expect(buffer(stream)).rejects.toThrow()
})

test('an image that the engine does not have is none', async () => {
  const { images } = setUp()
  expect(await Promise.all([images.open('none:1'), images.open('none:1')])).toEqual([undefined, undefined])
})
