import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import type { Pod, Volume } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createFakeMounts } from '#test/support/fake-mounts.ts'
import { MountFailed } from './mount-failed.ts'
import { BadContainerConfig } from './pod/container-plan.ts'
import {
  mountsOf,
  removeVolumes,
  setUpVolumes,
  tearDownVolumes,
  type VolumeHost,
  type VolumeSources,
} from './volumes.ts'

let root: string
let host: VolumeHost & { mounts: ReturnType<typeof createFakeMounts> }
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-volumes-'))
  host = { root, mounts: createFakeMounts() }
})
afterEach(() => rm(root, { recursive: true }))

const data: Record<string, string> = { a: 'one', b: 'two' }
const sources = (more: Partial<VolumeSources> = {}): VolumeSources => ({
  configMap: async (name) => (name === 'map' ? { metadata: { name }, data } : undefined),
  secret: async (name) =>
    name === 'key' ? { metadata: { name }, data: { key: Buffer.from('wave').toString('base64') } } : undefined,
  services: () => [],
  envFile: async () => undefined,
  podIps: ['10.0.0.1'],
  hostIps: ['10.0.0.2'],
  nodeName: 'worker-1',
  node: { cpuMillis: 1_000, memoryBytes: 2 ** 30 },
  serviceAccountToken: async (audience) => `token for ${audience ?? 'the API server'}`,
  issueToken: async () => ({ token: '', expirationTimestamp: '' }),
  claimed: async (claim) => {
    if (claim !== 'bound') throw new MountFailed(`PVC n/${claim} has not been bound`)
    return { folder: { path: join(root, 'disk'), type: '', isLocal: false } }
  },
  ...more,
})
const podWith = (volume: Partial<Volume>, spec: Partial<Pod['spec']> = {}): Stored<Pod> =>
  stored<Pod>({
    metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { tide: 'low' } },
    spec: { containers: [{ name: 'c' }], volumes: [{ name: 'v', ...volume }], ...spec },
  })
const folder = (): string => join(root, 'pods/u/volumes/v')
const read = (path: string): Promise<string> => readFile(join(folder(), path), 'utf8')
const modeOf = async (path: string): Promise<string> => ((await stat(join(folder(), path))).mode & 0o777).toString(8)

describe('volumes of files', () => {
  test('are written through ..data, with the requested modes', async () => {
    const items = [
      { key: 'a', path: 'sub/a', mode: 0o400 },
      { key: 'b', path: 'b' },
    ]
    await setUpVolumes(host, podWith({ configMap: { name: 'map', items, defaultMode: 0o640 } }), sources())
    expect(await read('sub/a')).toBe('one')
    expect([await modeOf('sub/a'), await modeOf('b')]).toEqual(['400', '640'])
    expect(await readlink(join(folder(), 'b'))).toBe('..data/b')
  })

  test('are replaced atomically when they change, and otherwise untouched', async () => {
    const pod = podWith({ configMap: { name: 'map' } })
    await setUpVolumes(host, pod, sources())
    const first = await readlink(join(folder(), '..data'))
    await setUpVolumes(host, pod, sources())
    expect(await readlink(join(folder(), '..data'))).toBe(first)

    const changed = sources({ configMap: async () => ({ metadata: { name: 'map' }, data: { a: 'new', c: 'three' } }) })
    await setUpVolumes(host, pod, changed)
    expect(await readlink(join(folder(), '..data'))).not.toBe(first)
    expect([await read('a'), await read('c')]).toEqual(['new', 'three'])
    await expect(read('b')).rejects.toThrow('ENOENT')
    await expect(stat(join(folder(), first))).rejects.toThrow('ENOENT')
  })

  test('combine the sources of a projected volume', async () => {
    const projected = {
      sources: [
        { serviceAccountToken: { path: 'token', audience: 'vault' } },
        { configMap: { name: 'map', items: [{ key: 'a', path: 'ca.crt' }] } },
        { secret: { name: 'key' } },
        { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
    }
    await setUpVolumes(host, podWith({ projected }), sources())
    const inMemory = (path: string): Promise<string> => readFile(join(root, 'memory/u/v', path), 'utf8')
    expect(await Promise.all(['token', 'ca.crt', 'key', 'labels'].map(inMemory))).toEqual([
      'token for vault',
      'one',
      'wave',
      'tide="low"',
    ])
  })

  test.each<[string, Partial<Volume>, string | undefined]>([
    ['a missing ConfigMap', { configMap: { name: 'none' } }, 'configmap "none" not found'],
    ['an optional one', { configMap: { name: 'none', optional: true } }, undefined],
    [
      'a missing key',
      { configMap: { name: 'map', items: [{ key: 'z', path: 'z' }] } },
      'references non-existent config key: z',
    ],
    ['a missing Secret', { secret: { secretName: 'none' } }, 'secret "none" not found'],
    ['a claim that is not bound', { persistentVolumeClaim: { claimName: 'open' } }, 'PVC n/open has not been bound'],
    [
      'an unsupported kind of volume',
      { iscsi: { iqn: 'i', lun: 0, targetPortal: 't' } },
      'volumes of type iscsi are not supported',
    ],
    [
      'an unsupported projection',
      { projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } },
      'projected volumes of clusterTrustBundle',
    ],
  ])('%s', async (_name, volume, message) => {
    const act = setUpVolumes(host, podWith(volume), sources())
    if (message === undefined) await act
    else await expect(act).rejects.toThrow(message)
  })
})

describe('folders', () => {
  test('the volume of a claim outlives the pod', async () => {
    await setUpVolumes(host, podWith({ persistentVolumeClaim: { claimName: 'bound' } }), sources())
    expect(await readlink(folder())).toBe(join(root, 'disk'))
    await tearDownVolumes(host, 'u')
    expect((await stat(join(root, 'disk'))).isDirectory()).toBe(true)
    await expect(stat(folder())).rejects.toThrow('ENOENT')
  })

  test.each([
    [{ path: '/none/at/all', type: 'Directory' }, 'is not a directory'],
    [{ path: '/etc', type: 'File' }, 'is not a file'],
    [{ path: '/etc', type: 'Socket' }, 'is not a socket file'],
  ])('hostPath %j', async (hostPath, message) => {
    await expect(setUpVolumes(host, podWith({ hostPath }), sources())).rejects.toThrow(message)
  })

  const mounts = (pod: Stored<Pod>, more: object): ReturnType<typeof mountsOf> =>
    mountsOf(
      host,
      pod,
      { name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v', ...more }] },
      new Map([
        ['POD', 'p'],
        ['UP', '../up'],
        ['ROOT', '/etc'],
      ]),
    )
  const target = (): string => join(root, 'pods/u/volume-subpaths/v/c/0')

  test('are mounted at their mountPath, a subPath by its open descriptor', async () => {
    const pod = podWith({ emptyDir: {} })
    await setUpVolumes(host, pod, sources())
    expect(await mounts(pod, {})).toEqual([
      { source: folder(), target: '/v', readOnly: false, propagation: 'rprivate' },
    ])
    const sub = { subPathExpr: '$(POD)/logs', readOnly: true, mountPropagation: 'HostToContainer' }
    expect(await mounts(pod, sub)).toEqual([{ source: target(), target: '/v', readOnly: true, propagation: 'rslave' }])
    expect(host.mounts.bound.get(target())).toBe(join(folder(), 'p/logs'))
    expect(await modeOf('p/logs')).toBe('777')
  })

  test('that shall be read-only with all beneath are refused where the node cannot, unless it need not be', async () => {
    const pod = podWith({ emptyDir: {} })
    await setUpVolumes(host, pod, sources())
    const asked = (recursiveReadOnly: string): ReturnType<typeof mounts> =>
      mounts(pod, { readOnly: true, recursiveReadOnly })
    await expect(asked('Enabled')).rejects.toThrow('failed to resolve recursive read-only mode: volume "v"')
    expect((await asked('IfPossible'))[0]).not.toHaveProperty('recursive')
  })

  test.each<[string, object, string]>([
    ['.. in subPath', { subPath: '../../other' }, "must not contain '..'"],
    ['.. from a variable', { subPathExpr: 'a/$(UP)' }, "must not contain '..'"],
    ['a variable that is missing', { subPathExpr: 'a/$(NOBODY)' }, 'missing value for "NOBODY"'],
    ['an absolute path from a variable', { subPathExpr: '$(ROOT)' }, 'must not be an absolute path'],
    ['a link out of the volume', { subPath: 'esc' }, 'failed to prepare subPath for volumeMount "v" of container "c"'],
    ['a path behind such a link', { subPathExpr: 'esc/$(POD)' }, 'is not within volume path'],
  ])('%s: the container is not created', async (_name, more, message) => {
    const pod = podWith({ emptyDir: {} })
    await setUpVolumes(host, pod, sources())
    await symlink('/etc', join(folder(), 'esc'))
    const act = mounts(pod, more)
    await expect(act).rejects.toThrow(BadContainerConfig)
    await expect(act).rejects.toThrow(message)
    expect(host.mounts.bound.size).toBe(0)
  })

  test('a restarted container gets what its subPath names now', async () => {
    const pod = podWith({ emptyDir: {} })
    await setUpVolumes(host, pod, sources())
    await mkdir(join(folder(), 'one'))
    await mkdir(join(folder(), 'two'))
    for (const name of ['one', 'two']) {
      await rm(join(folder(), 'current'), { force: true })
      await symlink(name, join(folder(), 'current'))
      await mounts(pod, { subPath: 'current' })
      expect(host.mounts.bound.get(target())).toBe(join(folder(), name))
    }
  })

  test('a hostPath is mounted by its open descriptor, with system links resolved', async () => {
    const pod = podWith({ hostPath: { path: join(root, 'disk'), type: 'DirectoryOrCreate' } })
    await setUpVolumes(host, pod, sources())
    expect((await mounts(pod, {}))[0]?.source).toBe(target())
    expect(host.mounts.bound.get(target())).toBe(join(root, 'disk'))
    await mounts(pod, { subPath: 'new' })
    expect(host.mounts.bound.get(target())).toBe(join(root, 'disk/new'))
  })

  test('a folder that contains the kubelet’s own is mounted by path, with a propagation that the engine accepts', async () => {
    const pod = podWith({ hostPath: { path: '/' } })
    await setUpVolumes(host, pod, sources())
    expect(await mounts(pod, {})).toEqual([{ source: '/', target: '/v', readOnly: false, propagation: 'rslave' }])
  })

  test.each(['File', 'FileOrCreate', 'Directory', 'DirectoryOrCreate', ''])(
    'hostPath of type "%s" through a link that a pod created: is refused, and nothing is created behind it',
    async (type) => {
      const shared = join(root, 'shared')
      await mkdir(shared)
      await chmod(shared, 0o777)
      await mkdir(join(root, 'target'))
      await symlink(type.startsWith('File') ? '../target/file' : '../target', join(shared, 'link'))
      const paths = [join(shared, 'link'), ...(type.endsWith('OrCreate') ? [join(shared, 'link/new')] : [])]
      for (const path of paths)
        await expect(setUpVolumes(host, podWith({ hostPath: { path, type } }), sources())).rejects.toThrow('hostPath')
      expect(await readdir(join(root, 'target'))).toEqual([])
    },
  )
})

describe('a local volume of a claim', () => {
  const claimed = (spec: Partial<Pod['spec']> = {}): Stored<Pod> =>
    podWith({ persistentVolumeClaim: { claimName: 'c' } }, spec)
  const local = (path: string): VolumeSources =>
    sources({ claimed: async () => ({ folder: { path, type: 'Directory', isLocal: true } }) })

  test('must be there', async () => {
    const path = join(root, 'absent')
    await expect(setUpVolumes(host, claimed(), local(path))).rejects.toThrow(`path "${path}" does not exist`)
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })

  test('may be behind a link that root made, also in a sticky folder', async () => {
    await mkdir(join(root, 'disk'))
    await mkdir(join(root, 'tmp'))
    await chmod(join(root, 'tmp'), 0o1777)
    await symlink('../disk', join(root, 'tmp/link'))
    const pod = claimed()
    await setUpVolumes(host, pod, local(join(root, 'tmp/link')))
    await mountsOf(host, pod, { name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v' }] }, new Map())
    expect([...host.mounts.bound.values()]).toEqual([join(root, 'disk')])
  })

  if (process.getuid?.() === 0)
    test('gets the fsGroup in all its files, and nothing outside through a link', async () => {
      await mkdir(join(root, 'disk/sub'), { recursive: true })
      await writeFile(join(root, 'disk/sub/file'), '', { mode: 0o600 })
      await writeFile(join(root, 'outside'), '', { mode: 0o600 })
      await symlink(join(root, 'outside'), join(root, 'disk/link'))
      await setUpVolumes(host, claimed({ securityContext: { fsGroup: 2000 } }), local(join(root, 'disk')))
      const of = async (path: string): Promise<[number, string]> => {
        const { gid, mode } = await stat(join(root, path))
        return [gid, (mode & 0o7777).toString(8)]
      }
      expect(await Promise.all(['disk', 'disk/sub', 'disk/sub/file', 'outside'].map(of))).toEqual([
        [2000, '2775'],
        [2000, '2775'],
        [2000, '660'],
        [0, '600'],
      ])
      await chmod(join(root, 'disk/sub'), 0o700)
      const lazy = claimed({ securityContext: { fsGroup: 2000, fsGroupChangePolicy: 'OnRootMismatch' } })
      await setUpVolumes(host, lazy, local(join(root, 'disk')))
      expect(await of('disk/sub')).toEqual([2000, '700'])
    })
})

describe('tear-down', () => {
  test('targets of claims, hostPaths and links of pods are not removed', async () => {
    await mkdir(join(root, 'kept'))
    await writeFile(join(root, 'kept/file'), '')
    const pod = podWith({ emptyDir: {} })
    await setUpVolumes(host, pod, sources())
    await symlink(join(root, 'kept'), join(folder(), 'link'))
    await tearDownVolumes(host, 'u')
    expect(await readdir(join(root, 'kept'))).toEqual(['file'])
    expect(await readdir(join(root, 'pods'))).toEqual([])
  })

  test('of a pod that has ended, they go, and its other files stay', async () => {
    await setUpVolumes(host, podWith({ emptyDir: {} }), sources())
    await writeFile(join(root, 'pods/u/message'), 'the end')
    await removeVolumes(host, 'u')
    expect(await readdir(join(root, 'pods/u'))).toEqual(['message'])
  })

  test('nothing is removed while something is mounted', async () => {
    await setUpVolumes(host, podWith({ emptyDir: {} }), sources())
    host.mounts.unmountAll = async () => Promise.reject(new Error('still mounted'))
    await expect(tearDownVolumes(host, 'u')).rejects.toThrow('still mounted')
    expect((await stat(folder())).isDirectory()).toBe(true)
  })

  test('Secrets are removed from memory', async () => {
    await setUpVolumes(host, podWith({ secret: { secretName: 'key' } }), sources())
    expect(await readFile(join(root, 'memory/u/v/key'), 'utf8')).toBe('wave')
    await tearDownVolumes(host, 'u')
    expect(await readdir(join(root, 'memory'))).toEqual([])
  })
})

if (process.getuid?.() === 0)
  test.each<[string, Partial<Pod['spec']>, string, number]>([
    ['one user for all containers', { securityContext: { runAsUser: 1000 } }, '600', 1000],
    [
      'one user, whatever a debug container runs as',
      {
        containers: [{ name: 'c', securityContext: { runAsUser: 1000 } }],
        ephemeralContainers: [{ name: 'debug', securityContext: { runAsUser: 0 } }],
      },
      '600',
      1000,
    ],
    ['an fsGroup', { securityContext: { fsGroup: 2000 } }, '640', 0],
    [
      'two users',
      {
        containers: [
          { name: 'a', securityContext: { runAsUser: 1 } },
          { name: 'b', securityContext: { runAsUser: 2 } },
        ],
      },
      '644',
      0,
    ],
    ['nothing', {}, '644', 0],
  ])('a token with %s', async (_name, spec, mode, uid) => {
    const projected = { sources: [{ serviceAccountToken: { path: 'token' } }] }
    await setUpVolumes(host, podWith({ projected }, spec), sources())
    const found = await stat(join(root, 'memory/u/v/token'))
    expect([(found.mode & 0o777).toString(8), found.uid]).toEqual([mode, uid])
  })

test.each(['/abs', 'a/../b', '..data', ''])('a file of the path "%s" is not written', async (path) => {
  const configMap = { name: 'map', items: [{ key: 'a', path }] }
  await expect(setUpVolumes(host, podWith({ configMap }), sources())).rejects.toThrow('invalid path')
})
