import { Readable } from 'node:stream'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createImages, type ImageFailed } from './images.ts'
import { openPullRecords } from './pull-records.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import type { ImageInfo, Runtime } from './runtime/runtime.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-images-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** An engine that has the images `here`; the host has `host`, the registry `registry`: names to ids. */
async function setUp(given: {
  here?: Record<string, string>
  host?: Record<string, string>
  registry?: Record<string, string>
  parallelPulls?: number
  hostCredentials?: RegistryAuth[]
}) {
  const here = { ...given.here }
  const records = await openPullRecords(join(folder, 'pulled.json'))
  const calls: string[] = []
  const pulling = { now: 0, most: 0 }
  const runtime = {
    hasImage: async (reference: string): Promise<ImageInfo | undefined> =>
      here[reference] === undefined
        ? undefined
        : { id: here[reference], digest: here[reference], user: '', env: [], sizeBytes: 7 },
    async loadImage(tar: Readable) {
      for await (const line of tar) {
        const [reference = '', id = ''] = String(line).split('=')
        here[reference] = id
      }
    },
    async pullImage(reference: string, auth?: RegistryAuth) {
      calls.push(auth ? `pull as ${auth.username}` : 'pull')
      if (auth?.username === 'nobody') throw new Error('denied')
      pulling.most = Math.max(pulling.most, ++pulling.now)
      await new Promise((resolve) => setTimeout(resolve, 1))
      pulling.now--
      const id = given.registry?.[reference]
      if (id === undefined) throw new Error('no such host')
      here[reference] = id
    },
  } as Partial<Runtime> as Runtime
  const images = createImages({
    runtime,
    fetchImage: async (reference) => {
      calls.push('fetch')
      const id = given.host?.[reference]
      return id === undefined ? undefined : Readable.from([`${reference}=${id}`])
    },
    hostImageId: async (reference) => given.host?.[reference],
    hostCredentials: async () => given.hostCredentials ?? [],
    records,
    ...(given.parallelPulls ? { parallelPulls: given.parallelPulls } : {}),
    log: silentLog,
  })
  const ensure = async (imagePullPolicy: string): Promise<string> =>
    images
      .ensure({ name: 'c', image: 'app:1', imagePullPolicy }, () => calls.push('pulling'))
      .then(
        ({ image, pulledMs }) => `${image.id}${pulledMs === undefined ? '' : ', fetched'}`,
        (error: unknown) => (error as ImageFailed).reason,
      )
  return { images, ensure, calls, pulling }
}

describe('an image is taken', () => {
  test.each([
    ['from here', 'IfNotPresent', { here: { 'app:1': 'a' }, host: { 'app:1': 'b' } }, 'a', []],
    [
      'from the host',
      'IfNotPresent',
      { host: { 'app:1': 'b' }, registry: { 'app:1': 'c' } },
      'b, fetched',
      ['pulling', 'fetch'],
    ],
    ['from the registry', 'IfNotPresent', { registry: { 'app:1': 'c' } }, 'c, fetched', ['pulling', 'fetch', 'pull']],
    ['nowhere', 'IfNotPresent', {}, 'ErrImagePull', ['pulling', 'fetch', 'pull']],
    ['from nowhere, as its policy forbids fetching', 'Never', { host: { 'app:1': 'b' } }, 'ErrImageNeverPull', []],
    [
      'again, as the host has a newer one',
      'Always',
      { here: { 'app:1': 'a' }, host: { 'app:1': 'b' } },
      'b, fetched',
      ['pulling', 'fetch'],
    ],
    [
      'as it is, as the host has the same',
      'Always',
      { here: { 'app:1': 'a' }, host: { 'app:1': 'a' } },
      'a, fetched',
      ['pulling'],
    ],
    ['as it is, as nobody has a newer one', 'Always', { here: { 'app:1': 'a' } }, 'a', ['pulling', 'fetch', 'pull']],
  ])('%s', async (_name, policy, given, expected, expectedCalls) => {
    const { ensure, calls } = await setUp(given)
    expect(await ensure(policy)).toBe(expected)
    expect(calls).toEqual(expectedCalls)
  })

  test('with each of the credentials until one is accepted', async () => {
    const { images, calls } = await setUp({ registry: { 'app:1': 'c' } })
    const container = { name: 'c', image: 'app:1', imagePullPolicy: 'IfNotPresent' }
    const as = (username: string): RegistryAuth => ({ username, serveraddress: 'docker.io' })
    await images.ensure(
      container,
      () => undefined,
      async () => [
        { auth: as('nobody'), secret: 'n/a/1' },
        { auth: as('somebody'), secret: 'n/b/2' },
      ],
    )
    expect(calls).toEqual(['fetch', 'pull as nobody', 'pull as somebody'])
  })

  test('for the pods whose credentials it was pulled with, and for others that prove theirs', async () => {
    const { images, calls } = await setUp({ registry: { 'app:1': 'c' } })
    const take = (username?: string, secret = 'n/a/1', imagePullPolicy = 'IfNotPresent'): Promise<string> =>
      images
        .ensure(
          { name: 'c', image: 'app:1', imagePullPolicy },
          () => undefined,
          async () => (username === undefined ? [] : [{ auth: { username, serveraddress: 'docker.io' }, secret }]),
        )
        .then(
          ({ image }) => image.id,
          (error: unknown) => (error as ImageFailed).reason,
        )
    expect(await take('me')).toBe('c')
    expect(await images.present({ name: 'c', image: 'app:1', imagePullPolicy: 'IfNotPresent' })).toBeUndefined()
    calls.length = 0
    // The same Secret, and the same credentials in another one.
    expect([await take('renamed'), await take('me', 'm/b/2'), calls]).toEqual(['c', 'c', []])
    expect([await take('nobody', 'm/c/3'), await take('nobody', 'm/c/3', 'Always')]).toEqual([
      'ErrImagePull',
      'ErrImagePull',
    ])
    expect(await take('nobody', 'm/c/3', 'Never')).toBe('ErrImageNeverPull')
    expect([await take(), calls.at(-1)]).toEqual(['c', 'pull'])
    // Pulled without any credentials, it is public.
    expect((await images.present({ name: 'c', image: 'app:1', imagePullPolicy: 'IfNotPresent' }))?.image.id).toBe('c')
  })

  test('with the credentials of the host, which are for every pod', async () => {
    const hostCredentials = [{ username: 'host', serveraddress: 'docker.io' }]
    const { images, ensure, calls } = await setUp({ registry: { 'app:1': 'c' }, hostCredentials })
    expect([await ensure('IfNotPresent'), calls.at(-1)]).toEqual(['c, fetched', 'pull as host'])
    expect((await images.present({ name: 'c', image: 'app:1', imagePullPolicy: 'IfNotPresent' }))?.image.id).toBe('c')
  })

  test('anew, where an agent ended amid its pull: nobody knows whose it is', async () => {
    await (await openPullRecords(join(folder, 'pulled.json'))).pulling('app:1')
    const { images, ensure, calls } = await setUp({ here: { 'app:1': 'a' }, registry: { 'app:1': 'a' } })
    expect(await images.present({ name: 'c', image: 'app:1' })).toBeUndefined()
    expect(await ensure('Never')).toBe('ErrImageNeverPull')
    expect(await ensure('IfNotPresent')).toBe('a, fetched')
    expect(calls).toEqual(['pulling', 'fetch', 'pull'])
    expect((await openPullRecords(join(folder, 'pulled.json'))).unsettled()).toEqual([])
    expect(await images.present({ name: 'c', image: 'app:1' })).toBeDefined()
  })

  test('a few at once, the others in their turn', async () => {
    const { images, pulling } = await setUp({ registry: { 'a:1': 'a', 'b:1': 'b', 'c:1': 'c' }, parallelPulls: 2 })
    const all = ['a:1', 'b:1', 'c:1'].map((image) => images.ensure({ name: 'c', image }, () => undefined))
    await Promise.all(all)
    expect(pulling.most).toBe(2)
  })

  test('once for concurrent requests', async () => {
    const { ensure, calls } = await setUp({ host: { 'app:1': 'b' } })
    await Promise.all([ensure('IfNotPresent'), ensure('IfNotPresent')])
    expect(calls.filter((call) => call === 'fetch')).toHaveLength(1)
  })

  test('immediately, only when its policy does not require a newer one', async () => {
    const { images } = await setUp({ here: { 'app:1': 'a' } })
    const container = { name: 'c', image: 'app:1' }
    expect((await images.present({ ...container, imagePullPolicy: 'IfNotPresent' }))?.image.id).toBe('a')
    expect(await images.present({ ...container, imagePullPolicy: 'Always' })).toBeUndefined()
  })
})
