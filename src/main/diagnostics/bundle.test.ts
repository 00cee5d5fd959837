import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import type { Cluster } from '#shared/contract/clusters.ts'
import { writeDiagnostics, type DiagnosticsSources } from './bundle.ts'

/** What must not be found, each put where such a thing would be. */
const seeds = {
  secret: 'seed-of-a-secret',
  env: 'seed-of-an-environment',
  map: 'seed-of-a-config-map',
  applied: 'seed-of-last-applied',
  header: 'seed-of-a-header',
  key: 'seedseedseedseedseedseedseedseedseed',
  admin: 'seed-of-the-admin-token',
  custom: 'seed-of-a-custom-kind',
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const key = `-----BEGIN PRIVATE KEY-----\n${seeds.key}\n-----END PRIVATE KEY-----`
const metadata = (name: string, annotations?: object): object => ({
  name,
  namespace: 'shop',
  ...(annotations ? { annotations } : {}),
})

const objects = [
  { apiVersion: 'v1', kind: 'Secret', metadata: metadata('db'), data: { password: base64(seeds.secret) } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('app'), data: { ini: `a=${seeds.map}` } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata('web-1', {
      'kubectl.kubernetes.io/last-applied-configuration': `{"password":"${seeds.applied}"}`,
    }),
    spec: {
      containers: [
        {
          name: 'web',
          env: [{ name: 'DSN', value: seeds.env }],
          livenessProbe: { httpGet: { httpHeaders: [{ name: 'X', value: seeds.header }] } },
        },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: metadata('e'),
    type: 'Warning',
    reason: 'Failed',
    message: `login with ${seeds.secret} failed`,
    involvedObject: { kind: 'Pod', name: 'web-1', namespace: 'shop' },
  },
  { apiVersion: 'x.dev/v1', kind: 'Database', metadata: metadata('d'), spec: { adminPassword: seeds.custom } },
]

const sources: DiagnosticsSources = {
  version: '1.2.3',
  mode: 'headless',
  engine: () => Promise.resolve({ state: 'ready' }),
  settings: () => Promise.resolve({ theme: 'dark' }),
  log: () => [`{"msg":"started with ${seeds.admin}"}`, `{"msg":"${base64(seeds.secret)}"}`],
  clusters: () => [
    {
      name: 'dev',
      state: 'running',
      simulated: false,
      workers: [{ name: 'dev-worker-1' }],
      operation: { kind: 'start', log: [key] },
    } as unknown as Cluster,
  ],
  objects: () => objects.map((object) => ({ json: Buffer.from(JSON.stringify(object)) })),
  workerLog: () => Promise.resolve(`container created with DSN=${seeds.env}`),
  podLog: () => Promise.resolve(`connecting as ${encodeURIComponent(seeds.secret)}\n${key}`),
  secrets: () => Promise.resolve([seeds.admin, key]),
}

test('a bundle has what somebody needs, and none of the secrets that are everywhere', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-bundle-'))
  const file = join(dir, 'bundle.tar.gz')
  const done = await writeDiagnostics(sources, { file, podLogs: true })
  const files = await filesOf(file)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect([...files.keys()].map((name) => name.replace('slipway-diagnostics/', '')).sort()).toEqual([
    'README.txt',
    'about.json',
    'app.log',
    'clusters/dev/cluster.json',
    'clusters/dev/events.txt',
    'clusters/dev/objects.jsonl',
    'clusters/dev/pods/shop/web-1/web.log',
    'clusters/dev/workers/dev-worker-1.log',
    'settings.json',
  ])
  const all = [...files.values()].join('\n')
  for (const seed of Object.values(seeds)) {
    expect(all, seed).not.toContain(seed)
    expect(all, seed).not.toContain(base64(seed))
  }
  for (const known of ['1.2.3', 'Warning', 'web-1', '"DSN"', 'Database']) expect(all).toContain(known)
  expect(done).toMatchObject({ file, files: 9 })
  expect(done.redacted).toBeGreaterThan(8)
  await rm(dir, { recursive: true })
})

async function filesOf(file: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const tar = extract()
  createReadStream(file).pipe(createGunzip()).pipe(tar)
  for await (const entry of tar) {
    let text = ''
    for await (const chunk of entry as AsyncIterable<Buffer>) text += chunk.toString()
    files.set(entry.header.name, text)
  }
  return files
}

test.each(['bundle.tar.gz', '/etc/hosts', '/tmp/notes'])('it does not take the place of %s', async (file) => {
  await expect(writeDiagnostics(sources, { file, podLogs: false })).rejects.toThrow('end in .tar.gz')
})
