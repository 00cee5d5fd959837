import { expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createMirrors } from './registry-mirrors.ts'
import type { ImageInfo } from './runtime/runtime.ts'

const sum = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const image = (repoDigests: string[]): ImageInfo => ({
  id: 'sha256:1',
  digest: repoDigests[0] ?? 'sha256:1',
  repoDigests,
  user: '',
  env: [],
  sizeBytes: 1,
})

/** An engine with `here`, and a mirror of ghcr.io at `m.io/gh`. */
function setUp(here: Record<string, ImageInfo>, allowInsecure = async (): Promise<void> => undefined) {
  const asked: string[] = []
  const never = (): never => {
    throw new Error('unexpected')
  }
  const mirrors = createMirrors({
    runtime: {
      async hasImage(reference) {
        asked.push(reference)
        return here[reference]
      },
      pullImage: async (reference) => void asked.push(`pull ${reference}`),
      tagImage: never,
    },
    mirrors: async () => ({ 'ghcr.io': ['https://m.io/gh'] }),
    engine: { allowInsecure },
    hostCredentials: async () => [],
    log: silentLog,
  })
  return { mirrors, asked }
}

test('an image with a digest is pulled and found by that digest, under its name at the mirror', async () => {
  const reference = `ghcr.io/team/app@${sum}`
  const { mirrors, asked } = setUp({ [`m.io/gh/team/app@${sum}`]: image([`m.io/gh/team/app@${sum}`]) })
  expect(await mirrors.pull(reference)).toEqual({ done: true, failures: [] })
  expect(asked).toEqual([`pull m.io/gh/team/app@${sum}`])
  expect((await mirrors.find(reference))?.digest).toBe(reference)
  expect(await mirrors.find(`quay.io/team/app@${sum}`)).toBeUndefined()
})

test.each([
  ['its own', [`m.io/gh/team/app@${other}`, `ghcr.io/team/app@${sum}`]],
  ['that at the mirror', [`elsewhere.io/app@${other}`, `m.io/gh/team/app@${sum}`]],
])('the id of an image is its digest under its own name: %s', async (_what, repoDigests) => {
  const { mirrors } = setUp({ 'ghcr.io/team/app:1': image(repoDigests) })
  expect((await mirrors.find('ghcr.io/team/app:1'))?.digest).toBe(`ghcr.io/team/app@${sum}`)
})

test('an image that was never pulled keeps what it has', async () => {
  const { mirrors } = setUp({ 'ghcr.io/team/app:1': image([]) })
  expect((await mirrors.find('ghcr.io/team/app:1'))?.digest).toBe('sha256:1')
})

test('an engine that cannot be told of mirrors without TLS pulls all the same', async () => {
  const { mirrors, asked } = setUp({}, () => Promise.reject(new Error('no daemon.json')))
  expect(await mirrors.pull('quay.io/team/app:1')).toEqual({ done: false, failures: [] })
  expect((await mirrors.pull(`ghcr.io/team/app@${sum}`)).done).toBe(true)
  expect(asked).toEqual([`pull m.io/gh/team/app@${sum}`])
})
