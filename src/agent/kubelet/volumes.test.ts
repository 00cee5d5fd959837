import { mkdtemp, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Pod, Volume } from '#shared/kube/generated/types.ts'
import { mountsOf, setUpVolumes, tearDownVolumes, type VolumeSources } from './volumes.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-volumes-'))
})
afterEach(() => rm(root, { recursive: true }))

const data: Record<string, string> = { a: 'one', b: 'two' }
const sources = (more: Partial<VolumeSources> = {}): VolumeSources => ({
  configMap: async (name) => (name === 'map' ? { metadata: { name }, data } : undefined),
  secret: async (name) =>
    name === 'key' ? { metadata: { name }, data: { key: Buffer.from('wave').toString('base64') } } : undefined,
  services: () => [],
  podIp: '10.0.0.1',
  hostIp: '10.0.0.2',
  nodeName: 'worker-1',
  node: { cpuMillis: 1_000, memoryBytes: 2 ** 30 },
  serviceAccountToken: async (audience) => `token for ${audience ?? 'the API server'}`,
  hostFolderOf: async (claim) => (claim === 'bound' ? join(root, 'disk') : undefined),
  ...more,
})
const podWith = (volume: Partial<Volume>, spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { tide: 'low' } },
  spec: { containers: [{ name: 'c' }], volumes: [{ name: 'v', ...volume }], ...spec },
})
const folder = (): string => join(root, 'pods/u/volumes/v')
const read = (path: string): Promise<string> => readFile(join(folder(), path), 'utf8')
const modeOf = async (path: string): Promise<string> => ((await stat(join(folder(), path))).mode & 0o777).toString(8)

describe('volumes of files', () => {
  test('come through ..data, with the modes that were asked for', async () => {
    const items = [
      { key: 'a', path: 'sub/a', mode: 0o400 },
      { key: 'b', path: 'b' },
    ]
    await setUpVolumes(root, podWith({ configMap: { name: 'map', items, defaultMode: 0o640 } }), sources())
    expect(await read('sub/a')).toBe('one')
    expect([await modeOf('sub/a'), await modeOf('b')]).toEqual(['400', '640'])
    expect(await readlink(join(folder(), 'b'))).toBe('..data/b')
  })

  test('are replaced as one when they change, and else not touched', async () => {
    const pod = podWith({ configMap: { name: 'map' } })
    await setUpVolumes(root, pod, sources())
    const first = await readlink(join(folder(), '..data'))
    await setUpVolumes(root, pod, sources())
    expect(await readlink(join(folder(), '..data'))).toBe(first)

    const changed = sources({ configMap: async () => ({ metadata: { name: 'map' }, data: { a: 'new', c: 'three' } }) })
    await setUpVolumes(root, pod, changed)
    expect(await readlink(join(folder(), '..data'))).not.toBe(first)
    expect([await read('a'), await read('c')]).toEqual(['new', 'three'])
    await expect(read('b')).rejects.toThrow('ENOENT')
    await expect(stat(join(folder(), first))).rejects.toThrow('ENOENT')
  })

  test('gather what a projected volume names', async () => {
    const projected = {
      sources: [
        { serviceAccountToken: { path: 'token', audience: 'vault' } },
        { configMap: { name: 'map', items: [{ key: 'a', path: 'ca.crt' }] } },
        { secret: { name: 'key' } },
        { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
    }
    await setUpVolumes(root, podWith({ projected }), sources())
    expect(await Promise.all(['token', 'ca.crt', 'key', 'labels'].map(read))).toEqual([
      'token for vault',
      'one',
      'wave',
      'tide="low"',
    ])
  })

  test.each<[string, Partial<Volume>, string | undefined]>([
    ['a ConfigMap that is not there', { configMap: { name: 'none' } }, 'configmap "none" not found'],
    ['one that may be missing', { configMap: { name: 'none', optional: true } }, undefined],
    [
      'a key that is not there',
      { configMap: { name: 'map', items: [{ key: 'z', path: 'z' }] } },
      'references non-existent config key: z',
    ],
    ['a Secret that is not there', { secret: { secretName: 'none' } }, 'secret "none" not found'],
    ['a claim that is not bound', { persistentVolumeClaim: { claimName: 'open' } }, '"open" is not bound'],
    [
      'a kind of volume that nobody carries',
      { nfs: { server: 's', path: '/' } },
      'volumes of type nfs are not supported',
    ],
    [
      'a projection that nobody carries',
      { projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } },
      'projected volumes of clusterTrustBundle',
    ],
  ])('%s', async (_name, volume, message) => {
    const act = setUpVolumes(root, podWith(volume), sources())
    if (message === undefined) await act
    else await expect(act).rejects.toThrow(message)
  })
})

describe('folders', () => {
  test('what a claim is bound to outlives the pod', async () => {
    await setUpVolumes(root, podWith({ persistentVolumeClaim: { claimName: 'bound' } }), sources())
    expect(await readlink(folder())).toBe(join(root, 'disk'))
    await tearDownVolumes(root, 'u')
    expect((await stat(join(root, 'disk'))).isDirectory()).toBe(true)
    await expect(stat(folder())).rejects.toThrow('ENOENT')
  })

  test.each([
    [{ path: '/none/at/all', type: 'Directory' }, 'is not a directory'],
    [{ path: '/etc', type: 'File' }, 'is not a file'],
    [{ path: '/etc', type: 'Socket' }, 'is not a socket file'],
  ])('hostPath %j', async (hostPath, message) => {
    await expect(setUpVolumes(root, podWith({ hostPath }), sources())).rejects.toThrow(message)
  })

  test('are mounted where the container wants them', async () => {
    const pod = podWith({ emptyDir: {} })
    await setUpVolumes(root, pod, sources())
    const mounts = (more: object): ReturnType<typeof mountsOf> =>
      mountsOf(
        root,
        pod,
        { name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v', ...more }] },
        new Map([['POD', 'p']]),
      )
    expect(await mounts({ subPathExpr: '$(POD)/logs', readOnly: true, mountPropagation: 'HostToContainer' })).toEqual([
      { source: join(folder(), 'p/logs'), target: '/v', readOnly: true, propagation: 'rslave' },
    ])
    await expect(mounts({ subPath: '../../other' })).rejects.toThrow('leaves its volume')
  })
})
