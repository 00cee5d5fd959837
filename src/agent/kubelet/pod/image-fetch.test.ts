import { beforeEach, expect, test } from 'vitest'
import type { Container } from '#shared/kube/generated/types.ts'
import { ImageFailed, type EnsuredImage, type Images } from '../images.ts'
import { ImageFetch } from './image-fetch.ts'

const image = { id: 'sha256:1', digest: 'sha256:1', user: '', env: [], sizeBytes: 7 }
const container: Container = { name: 'c', image: 'app:1' }

let present: EnsuredImage | undefined
let asked: string[]
let settle: { resolve(image: EnsuredImage): void; reject(error: Error): void }
let fetch: ImageFetch
let events: string[]
beforeEach(() => {
  present = undefined
  asked = []
  events = []
  fetch = new ImageFetch()
})
const images: Images = {
  present: async () => present,
  copy: async () => undefined,
  forget: () => undefined,
  forgetImage: () => undefined,
  forgetAll: () => undefined,
  ensure({ image: reference = '' }, onPull) {
    asked.push(reference)
    onPull()
    return new Promise((resolve, reject) => (settle = { resolve, reject }))
  },
}
const take = (of: Container = container): Promise<EnsuredImage | undefined> =>
  fetch.take(images, of, { onPull: () => events.push('pull'), onDone: () => events.push('done') })

test('an image that is here is given at once', async () => {
  present = { image }
  expect(await take()).toEqual({ image })
  expect(asked).toEqual([])
})

test('another one is fetched once, and given when the fetch has ended', async () => {
  expect(await take()).toBeUndefined()
  expect(await take()).toBeUndefined()
  expect(asked).toEqual(['app:1'])
  settle.resolve({ image, pulledMs: 5 })
  await expect.poll(() => events).toEqual(['pull', 'done'])
  present = { image }
  expect(await take()).toEqual({ image, pulledMs: 5 })
  expect(await take()).toEqual({ image })
})

test('a failure is thrown once, then the next call tries again', async () => {
  await take()
  settle.reject(new ImageFailed('ErrImagePull', 'no such image', 'app:1'))
  await expect.poll(() => events).toEqual(['pull', 'done'])
  await expect(take()).rejects.toThrow('no such image')
  expect(await take()).toBeUndefined()
  expect(asked).toEqual(['app:1', 'app:1'])
})

test('the fetch of an image that is not wanted any more is left', async () => {
  await take()
  settle.reject(new Error('lost'))
  await expect.poll(() => events).toContain('done')
  expect(await take({ ...container, image: 'app:2' })).toBeUndefined()
  expect(asked).toEqual(['app:1', 'app:2'])
})
