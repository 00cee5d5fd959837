import { describe, expect, test } from 'vitest'
import { busybox } from '../support/workloads.ts'
import { volumePods, type PodParts } from './volume-pods.ts'

/** ConfigMaps and Secrets as files: by volumes of their own and by projected ones. */

const pods = await volumePods()
const data = { 'data-1': 'value-1', 'data-2': 'value-2' }

interface Family {
  name: string
  make(values: Record<string, string>): Promise<string>
  /** The volume of an object. */
  volume(name: string, options?: { items?: object[]; defaultMode?: number }): object
}

const families: Family[] = [
  {
    name: 'ConfigMap',
    make: (values) => pods.configMap(values),
    volume: (name, options) => ({ configMap: { name, ...options } }),
  },
  {
    name: 'Projected configMap',
    make: (values) => pods.configMap(values),
    volume: (name, { items, ...options } = {}) => ({
      projected: { ...options, sources: [{ configMap: { name, ...(items ? { items } : {}) } }] },
    }),
  },
  {
    name: 'Secrets',
    make: (values) => pods.secret(values),
    volume: (secretName, options) => ({ secret: { secretName, ...options } }),
  },
  {
    name: 'Projected secret',
    make: (values) => pods.secret(values),
    volume: (name, { items, ...options } = {}) => ({
      projected: { ...options, sources: [{ secret: { name, ...(items ? { items } : {}) } }] },
    }),
  },
]

const mapped = { items: [{ key: 'data-2', path: 'path/to/data-2' }] }
const mappedWithMode = { items: [{ key: 'data-2', path: 'path/to/data-2', mode: 0o400 }] }
const nonRoot: PodParts = { spec: { securityContext: { runAsUser: 1000 } } }
const nonRootOfGroup: PodParts = { spec: { securityContext: { runAsUser: 1000, fsGroup: 1001 } } }

/** What is read of which file, with its mode as it must be. */
const look = (path: string): string => `stat -L -c %a /v/f/${path}; cat /v/f/${path}`
const one = 'data-1'
const two = 'path/to/data-2'

type Row = [words: string, options: object, parts: PodParts, path: string, expected: string]

const common: Row[] = [
  ['should be consumable from pods in volume [NodeConformance] [Conformance]', {}, {}, one, '644\nvalue-1'],
  [
    'should be consumable from pods in volume with defaultMode set [LinuxOnly] [NodeConformance] [Conformance]',
    { defaultMode: 0o400 },
    {},
    one,
    '400\nvalue-1',
  ],
  [
    'should be consumable from pods in volume with mappings [NodeConformance] [Conformance]',
    mapped,
    {},
    two,
    '644\nvalue-2',
  ],
]
const ofMaps: Row[] = [
  [
    'should be consumable from pods in volume as non-root [NodeConformance] [Conformance]',
    {},
    nonRoot,
    one,
    '644\nvalue-1',
  ],
  [
    'should be consumable from pods in volume with mappings as non-root [NodeConformance] [Conformance]',
    mapped,
    nonRoot,
    two,
    '644\nvalue-2',
  ],
  [
    'should be consumable from pods in volume with mappings and Item mode set [LinuxOnly] [NodeConformance] [Conformance]',
    mappedWithMode,
    {},
    two,
    '400\nvalue-2',
  ],
]
const ofSecrets: Row[] = [
  [
    'should be consumable from pods in volume with mappings and Item Mode set [LinuxOnly] [NodeConformance] [Conformance]',
    mappedWithMode,
    {},
    two,
    '400\nvalue-2',
  ],
  [
    'should be consumable from pods in volume as non-root with defaultMode and fsGroup set [LinuxOnly] [NodeConformance] [Conformance]',
    { defaultMode: 0o440 },
    nonRootOfGroup,
    one,
    '440\nvalue-1',
  ],
]

describe.concurrent('files', () => {
  for (const { name, make, volume } of families) {
    const isMap = /configmap/i.test(name)
    for (const [words, options, parts, path, expected] of [...common, ...(isMap ? ofMaps : ofSecrets)])
      test(`[sig-storage] ${name} ${words}`, async ({ expect }) => {
        const object = await make(data)
        expect(await pods.output(look(path), { f: volume(object, options) }, parts)).toBe(expected)
      })

    const pod = isMap ? 'the same pod' : 'a pod'
    test(`[sig-storage] ${name} should be consumable in multiple volumes in ${pod} [NodeConformance] [Conformance]`, async ({
      expect,
    }) => {
      const object = await make(data)
      const text = await pods.output('cat /v/a/data-1 /v/b/data-1', { a: volume(object), b: volume(object) })
      expect(text).toBe('value-1value-1')
    })
  }

  test('[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance] [Conformance]', async ({
    expect,
  }) => {
    const bytes = Buffer.from([0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff])
    const name = await pods.configMap({ text: 'value-1' }, { binaryData: { 'dump.bin': bytes.toString('base64') } })
    const text = await pods.output('cat /v/f/text; hexdump -e \'1/1 "%02x"\' /v/f/dump.bin', {
      f: { configMap: { name } },
    })
    expect(text).toBe('value-1decafebad0feff')
  })

  test('[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace [NodeConformance] [Conformance]', async ({
    expect,
    onTestFinished,
  }) => {
    const secretName = await pods.secret(data)
    const other = `${pods.namespace}-other`
    await pods.api.create('/api/v1/namespaces', { metadata: { name: other } })
    onTestFinished(async () => {
      await pods.api.ask('DELETE', `/api/v1/namespaces/${other}`)
    })
    const stringData = { 'data-1': 'another' }
    await pods.api.create(`/api/v1/namespaces/${other}/secrets`, { metadata: { name: secretName }, stringData })
    expect(await pods.output('cat /v/f/data-1', { f: { secret: { secretName } } })).toBe('value-1')
  })

  test('[sig-storage] Projected combined should project all components that make up the projection API [Projection] [NodeConformance] [Conformance]', async ({
    expect,
  }) => {
    const [map, secret] = await Promise.all([
      pods.configMap({ 'configmap-data': 'configmap-value' }),
      pods.secret({ 'secret-data': 'secret-value' }),
    ])
    const resource = (path: string, name: string) => ({
      path,
      resourceFieldRef: { containerName: 'main', resource: name },
    })
    const items = [
      { path: 'podname', fieldRef: { fieldPath: 'metadata.name' } },
      resource('cpu_limit', 'limits.cpu'),
      resource('cpu_request', 'requests.cpu'),
      resource('memory_limit', 'limits.memory'),
      resource('memory_request', 'requests.memory'),
    ]
    const sources = [{ configMap: { name: map } }, { secret: { name: secret } }, { downwardAPI: { items } }]
    const script =
      'cd /v/p; for f in configmap-data secret-data podname cpu_limit cpu_request memory_limit memory_request; do cat $f; echo; done; hostname'
    const resources = { requests: { cpu: '1', memory: '32Mi' }, limits: { cpu: '2', memory: '64Mi' } }
    const lines = (await pods.output(script, { p: { projected: { sources } } }, { container: { resources } }))
      .trim()
      .split('\n')
    const hostname = lines.pop()
    expect(lines).toEqual(['configmap-value', 'secret-value', hostname, '2', '1', '67108864', '33554432'])
  })
})

for (const [name, resource] of [
  ['ConfigMap', 'configmaps'],
  ['Secrets', 'secrets'],
] as const)
  test(`[sig-storage] ${name} should be immutable if \`immutable\` field is set [Conformance]`, async () => {
    const object = await (resource === 'configmaps' ? pods.configMap(data) : pods.secret(data))
    const path = `${pods.core}/${resource}/${object}`
    const field = resource === 'configmaps' ? 'data' : 'stringData'
    await pods.api.patch(path, { [field]: { 'data-3': 'value-3' } })
    await pods.api.patch(path, { immutable: true })
    const invalid = { code: 422, reason: 'Invalid' }
    await expect(pods.api.patch(path, { immutable: null })).rejects.toMatchObject(invalid)
    await expect(pods.api.patch(path, { immutable: false })).rejects.toMatchObject(invalid)
    await expect(pods.api.patch(path, { [field]: { 'data-4': 'value-4' } })).rejects.toMatchObject(invalid)
    await pods.api.patch(path, { metadata: { labels: { changed: 'true' } } })
    await pods.api.delete(path)
  })

const subPathSources: [string, (name: string, secretName: string) => object, mountPath?: string][] = [
  ['configmap pod', (name) => ({ configMap: { name } })],
  ['configmap pod with mountPath of existing file', (name) => ({ configMap: { name } }), '/etc/passwd'],
  [
    'downward pod',
    () => ({ downwardAPI: { items: [{ path: 'data-1', fieldRef: { fieldPath: "metadata.labels['tide']" } }] } }),
  ],
  ['projected pod', (name) => ({ projected: { sources: [{ configMap: { name } }] } })],
  ['secret pod', (_, secretName) => ({ secret: { secretName } })],
]

describe.concurrent('subpaths', () => {
  for (const [what, source, mountPath = '/mounted/file'] of subPathSources)
    test(`[sig-storage] Subpath Atomic writer volumes should support subpaths with ${what} [Conformance]`, async ({
      expect,
    }) => {
      const [name, secretName] = await Promise.all([pods.configMap(data), pods.secret(data)])
      const container = {
        image: busybox,
        volumeMounts: [{ name: 'f', mountPath, subPath: 'data-1' }],
      }
      const metadata = { labels: { tide: 'value-1' } }
      const text = await pods.output(`cat ${mountPath}`, { f: source(name, secretName) }, { container, metadata })
      expect(text).toBe('value-1')
    })
})
