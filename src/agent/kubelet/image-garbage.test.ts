import { beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { ImageSettings } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { createImageGarbage, percentagesOf, type ImageGarbage } from './image-garbage.ts'
import type { ListedImage, ObservedContainer } from './runtime/runtime.ts'

const settings: ImageSettings = {
  highPercent: 85,
  lowPercent: 80,
  minimumAgeMs: 120_000,
  maximumAgeMs: 0,
  parallelPulls: 4,
}
const image = (name: string, sizeBytes = 100): ListedImage => ({ id: `id-${name}`, names: [`${name}:1`], sizeBytes })

let clock: FakeClock
let here: ListedImage[]
let pods: Stored<Pod>[]
let containers: Partial<ObservedContainer>[]
let available: number
let removed: string[]
let stuck: Set<string>
let events: string[]
let garbage: ImageGarbage
beforeEach(() => {
  clock = createFakeClock()
  here = [image('pause'), image('running'), image('asked'), image('old'), image('new')]
  pods = [podWith('docker.io/library/asked:1')]
  containers = [{ imageId: 'id-running' }]
  available = 500
  removed = []
  stuck = new Set()
  events = []
  garbage = make(settings)
})
const make = (own: ImageSettings): ImageGarbage =>
  createImageGarbage({
    settings: own,
    runtime: {
      images: async () => here,
      async removeImage(id) {
        if (stuck.has(id)) throw new Error(`${id} is stuck`)
        const found = here.find((each) => each.id === id)
        here = here.filter((each) => each.id !== id)
        available += found?.sizeBytes ?? 0
        removed.push(id)
      },
      podUids: () => ['u'],
      containers: () => containers as ObservedContainer[],
    },
    images: { forgetImage: () => undefined },
    pods: () => pods,
    pinned: ['pause:1'],
    disk: async () => ({ available, capacity: 1_000 }),
    node: () => ({ metadata: { name: 'w', uid: 'w', resourceVersion: '1' } }),
    recorder: { event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`) },
    clock,
    log: silentLog,
  })
const podWith = (name: string): Stored<Pod> => ({
  metadata: { name: 'p', namespace: 'default', uid: 'u', resourceVersion: '1' },
  spec: { containers: [{ name: 'c', image: name }] },
})

test('while there is room, nothing is removed', async () => {
  garbage.start()
  await clock.advance(900_000)
  expect(removed).toEqual([])
})

test('the longest unused go first, as many as needed, never those in use', async () => {
  garbage.start()
  containers.push({ imageId: 'id-new' })
  await clock.advance(300_000)
  containers.pop()
  available = 150
  await clock.advance(300_000)
  expect(removed).toEqual(['id-old'])
  available = 100
  await clock.advance(300_000)
  expect(removed).toEqual(['id-old', 'id-new'])
  expect(here.map(({ id }) => id)).toEqual(['id-pause', 'id-running', 'id-asked'])
  expect(events).toEqual([])
})

test('an image that has just come stays', async () => {
  here = [image('running')]
  garbage.start()
  await clock.advance(299_000)
  here.push(image('new'))
  available = 100
  await clock.advance(1_000)
  expect(removed).toEqual([])
})

test('what cannot be freed is told, repeated failures as such', async () => {
  garbage.start()
  available = 0
  await clock.advance(300_000)
  const message =
    "Insufficient free disk space on the node's image filesystem (100% of 1000 B used). Failed to free sufficient space by deleting unused images (freed 200 bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data."
  // 200 bytes would have been enough.
  expect(events).toEqual([])
  available = 0
  await clock.advance(600_000)
  expect(events).toEqual([
    `FreeDiskSpaceFailed: ${message.replace('freed 200', 'freed 0')}`,
    `FreeDiskSpaceFailed: ${message.replace('freed 200', 'freed 0')}`,
    `ImageGCFailed: ${message.replace('freed 200', 'freed 0')}`,
  ])
})

test('images that the engine does not give up are told', async () => {
  garbage.start()
  stuck = new Set(['id-old', 'id-new'])
  available = 100
  await clock.advance(600_000)
  expect(events).toEqual([
    'ImageGCFailed: wanted to free 100 bytes, but freed 0 bytes space with errors in image deletion: id-old is stuck, id-new is stuck',
  ])
})

test('images that nobody has used for too long go, though there is room', async () => {
  garbage = make({ ...settings, maximumAgeMs: 400_000 })
  garbage.start()
  await clock.advance(300_000)
  expect(removed).toEqual([])
  await clock.advance(300_000)
  expect(removed).toEqual(['id-old', 'id-new'])
})

test('all that are unused go at once when the disk is short', async () => {
  await garbage.removeUnused()
  expect(removed).toEqual(['id-old', 'id-new'])
})

describe('by default', () => {
  const byDefault: ImageSettings = { minimumAgeMs: 0, maximumAgeMs: 0, parallelPulls: 4 }
  test.each([
    [20, { high: 85, low: 80 }],
    [100, { high: 90, low: 85 }],
    [1_000, { high: 99, low: 98 }],
  ])('a disk of %i GiB is collected at %j', (gib, expected) => {
    expect(percentagesOf(byDefault, gib * 2 ** 30)).toEqual(expected)
  })
})
