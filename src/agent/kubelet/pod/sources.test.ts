import { beforeEach, describe, expect, test } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import { notFound } from '#shared/kube/status.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { createPodScope } from '#test/support/pod-scope.ts'
import { PodSources } from './sources.ts'
import { stored } from '#test/support/stored.ts'

const pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: { containers: [], serviceAccountName: 'robot' },
}

let clock: FakeClock
let reads: string[]
let requests: unknown[]
let objects: Record<string, unknown>
let failure: Error | undefined
let sources: PodSources
beforeEach(() => {
  clock = createFakeClock()
  reads = []
  requests = []
  objects = {}
  failure = undefined
  const get: Client['get'] = async ({ group, plural }, { namespace, name }) => {
    const key = `${plural} ${namespace ?? ''}/${name}`
    reads.push(key)
    if (failure) throw failure
    if (!(key in objects)) throw notFound({ group, resource: plural }, name)
    return objects[key] as never
  }
  const post: Client['post'] = async ({ plural }, { namespace, name }, subresource, body) => {
    requests.push([`${plural} ${namespace ?? ''}/${name}/${subresource}`, (body as { spec: unknown }).spec])
    return { status: { token: `token-${requests.length}` } }
  }
  const { scope } = createPodScope(stored(pod))
  sources = new PodSources({ ...scope, clock, client: { ...scope.client, get, post } })
})

describe('ConfigMaps and Secrets', () => {
  test('are read once each, of the pod’s namespace', async () => {
    objects = { 'configmaps n/a': { data: { x: '1' } }, 'secrets n/a': { data: { y: '2' } } }
    const open = sources.open([])
    expect(await Promise.all([open.configMap('a'), open.configMap('a'), open.secret('a')])).toMatchObject([
      { data: { x: '1' } },
      { data: { x: '1' } },
      { data: { y: '2' } },
    ])
    expect(reads).toEqual(['configmaps n/a', 'secrets n/a'])
    await sources.open([]).configMap('a')
    expect(reads).toHaveLength(3)
  })

  test('that do not exist are undefined; other errors are not hidden', async () => {
    expect(await sources.open([]).secret('a')).toBeUndefined()
    failure = new Error('no connection')
    await expect(sources.open([]).secret('a')).rejects.toThrow('no connection')
  })
})

describe('the folder behind a claim', () => {
  const bound = { 'persistentvolumeclaims n/c': { spec: { volumeName: 'v' }, status: { phase: 'Bound' } } }
  const behind = (spec: object) => ({ ...bound, 'persistentvolumes /v': { metadata: { name: 'v' }, spec } })
  test.each<[string, Record<string, unknown>, object]>([
    ['of a path', behind({ hostPath: { path: '/data' } }), { path: '/data', type: '', isLocal: false }],
    ['of a local volume', behind({ local: { path: '/disk' } }), { path: '/disk', type: 'Directory', isLocal: true }],
  ])('%s', async (_what, present, folder) => {
    objects = present
    expect(await sources.open([]).claimed('c')).toEqual({ folder })
  })

  test('of a local volume of mode Block is a device', async () => {
    objects = behind({ volumeMode: 'Block', local: { path: '/dev/disk' } })
    expect(await sources.open([]).claimed('c')).toEqual({ device: '/dev/disk' })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['no claim', {}, 'persistentvolumeclaim "c" not found'],
    ['no volume', { 'persistentvolumeclaims n/c': { spec: {} } }, 'PVC n/c has not been bound'],
    [
      'a volume that is only wished for',
      { 'persistentvolumeclaims n/c': { spec: { volumeName: 'v' }, status: { phase: 'Pending' } } },
      'PVC n/c has not been bound',
    ],
    [
      'a block device of a path',
      behind({ volumeMode: 'Block', hostPath: { path: '/d' } }),
      'only local volumes and those of CSI drivers can be block devices',
    ],
    ['iscsi', behind({ iscsi: {} }), 'volumes of type iscsi are not supported'],
  ])('%s: the mount fails and says why', async (_what, present, message) => {
    objects = present
    await expect(sources.open([]).claimed('c')).rejects.toThrow(message)
  })
})

describe('tokens', () => {
  test('are bound to the pod, and kept for four fifths of their life', async () => {
    const token = (): Promise<string> => sources.open([]).serviceAccountToken('vault', 1_000)
    expect([await token(), await token()]).toEqual(['token-1', 'token-1'])
    expect(requests).toEqual([
      [
        'serviceaccounts n/robot/token',
        {
          audiences: ['vault'],
          expirationSeconds: 1_000,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' },
        },
      ],
    ])
    await clock.advance(799_000)
    expect(await token()).toBe('token-1')
    await clock.advance(1_000)
    expect(await token()).toBe('token-2')
  })

  test('are renewed after a day, however long they live', async () => {
    const token = (): Promise<string> => sources.open([]).serviceAccountToken(undefined, 604_800)
    await token()
    await clock.advance(86_400_000)
    expect(await token()).toBe('token-2')
  })

  test('of other audiences are others', async () => {
    const open = sources.open([])
    expect([await open.serviceAccountToken('a', 600), await open.serviceAccountToken('b', 600)]).toEqual([
      'token-1',
      'token-2',
    ])
  })
})
