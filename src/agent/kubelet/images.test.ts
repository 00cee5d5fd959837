import { Readable } from 'node:stream'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createImages, type ImageFailed } from './images.ts'
import { openPullRecords } from './pull-records.ts'
import { createMirrors } from './registry-mirrors.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import type { RegistryMirrors } from '#shared/kube/registry-mirrors.ts'
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
  /** Of the images, by id. */
  layers?: Record<string, string[]>
  /** The image that comes, whatever the host has told of. */
  sends?: string
  /** Whether layers disappear before the others have come. */
  isGone?: boolean
  parallelPulls?: number
  hostCredentials?: RegistryAuth[]
  mirrors?: RegistryMirrors
}) {
  const here = { ...given.here }
  const records = await openPullRecords(join(folder, 'pulled.json'))
  const calls: string[] = []
  const pulling = { now: 0, most: 0 }
  const runtime = {
    hasImage: async (reference: string): Promise<ImageInfo | undefined> =>
      here[reference] === undefined
        ? undefined
        : { id: here[reference], digest: here[reference], user: '', env: [], sizeBytes: 7, layerDigests: [] },
    imageLayers: async () => Object.values(here).map((id) => given.layers?.[id] ?? []),
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
      await new Promise((resolve) => setTimeout(resolve, 20))
      pulling.now--
      const id = given.registry?.[reference]
      if (id === undefined) throw new Error('no such host')
      here[reference] = id
    },
    async tagImage(reference: string, repository: string, tag: string) {
      calls.push(`tag ${repository}:${tag}`)
      here[`${repository}:${tag}`.replace('docker.io/library/', '')] = here[reference] ?? ''
    },
  } as Partial<Runtime> as Runtime
  const hostCredentials = async (): Promise<RegistryAuth[]> => given.hostCredentials ?? []
  const images = createImages({
    runtime,
    mirrors: createMirrors({
      runtime,
      mirrors: async () => given.mirrors ?? {},
      engine: {
        allowInsecure: async (servers) => void (servers.length > 0 && calls.push(`insecure ${servers.join()}`)),
      },
      hostCredentials: async (reference) => (reference.startsWith('signed-in') ? hostCredentials() : []),
      log: silentLog,
    }),
    fetchImage: async (reference, present) => {
      calls.push(present ? `fetch without ${present.layers} of ${present.id}` : 'fetch')
      if (present && given.isGone) throw new Error('a layer is missing')
      const id = given.host?.[reference]
      return id === undefined ? undefined : Readable.from([`${reference}=${given.sends ?? id}`])
    },
    hostImage: async (reference) => {
      const id = given.host?.[reference]
      return id === undefined ? undefined : { id, layers: given.layers?.[id] ?? [] }
    },
    hostCredentials,
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
    ['from the registry', 'IfNotPresent', { registry: { 'app:1': 'c' } }, 'c, fetched', ['pulling', 'pull']],
    ['nowhere', 'IfNotPresent', {}, 'ErrImagePull', ['pulling', 'pull']],
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
    [
      'from the host, but for the layers that another image has',
      'IfNotPresent',
      {
        here: { 'base:1': 'a', 'other:1': 'd' },
        host: { 'app:1': 'b' },
        layers: { a: ['1', '2'], b: ['1', '2', '3'], d: ['1'] },
      },
      'b, fetched',
      ['pulling', 'fetch without 2 of b'],
    ],
    [
      'from the host with all its layers, as one has gone meanwhile',
      'IfNotPresent',
      { here: { 'base:1': 'a' }, host: { 'app:1': 'b' }, layers: { a: ['1'], b: ['1', '2'] }, isGone: true },
      'b, fetched',
      ['pulling', 'fetch without 1 of b', 'fetch'],
    ],
    ['as it is, as nobody has a newer one', 'Always', { here: { 'app:1': 'a' } }, 'a', ['pulling', 'pull']],
  ])('%s', async (_name, policy, given, expected, expectedCalls) => {
    const { ensure, calls } = await setUp(given)
    expect(await ensure(policy)).toBe(expected)
    expect(calls).toEqual(expectedCalls)
  })

  test('from the registry, where the host sends another image than it has told of', async () => {
    const { ensure, calls } = await setUp({
      host: { 'app:1': 'b' },
      sends: 'x',
      registry: { 'app:1': 'c' },
      layers: { b: ['1'] },
    })
    expect([await ensure('IfNotPresent'), calls]).toEqual(['c, fetched', ['pulling', 'fetch', 'pull']])
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
    expect(calls).toEqual(['pull as nobody', 'pull as somebody'])
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
    expect(calls).toEqual(['pulling', 'pull'])
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

describe('an image of a registry with mirrors', () => {
  const mirrors = { 'docker.io': ['https://signed-in.example.com', 'http://m:5000/hub'] }
  const hostCredentials = [{ username: 'host', serveraddress: 'signed-in.example.com' }]
  const fetch = async (given: Parameters<typeof setUp>[0]) => {
    const { images, calls } = await setUp(given)
    const reason = await images
      .ensure({ name: 'c', image: 'app:1' }, () => undefined)
      .then(
        ({ image }) => image.id,
        (error: unknown) => (error as ImageFailed).message,
      )
    return { reason, calls }
  }

  test('is taken from the first that has it, and gets its own name', async () => {
    const registry = { 'm:5000/hub/library/app:1': 'a', 'app:1': 'original' }
    expect(await fetch({ mirrors, registry, hostCredentials })).toEqual({
      reason: 'a',
      calls: ['insecure m:5000', 'pull as host', 'pull', 'tag docker.io/library/app:1'],
    })
  })

  test('is taken from its registry where no mirror has it', async () => {
    expect(await fetch({ mirrors, registry: { 'app:1': 'original' } })).toMatchObject({ reason: 'original' })
  })

  test('and is nowhere: the reason is that of the registry, then of each mirror', async () => {
    const { reason } = await fetch({ mirrors })
    expect(reason).toBe(
      'Failed to pull image "app:1": no such host; mirror https://signed-in.example.com: no such host; mirror http://m:5000/hub: no such host',
    )
  })

  test('is not asked of mirrors of others', async () => {
    const { calls } = await fetch({ mirrors: { 'ghcr.io': ['https://m.io'] }, registry: { 'app:1': 'original' } })
    expect(calls).toEqual(['pull'])
  })
})
