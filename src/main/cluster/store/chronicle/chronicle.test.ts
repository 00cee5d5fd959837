import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { silentLog } from '#shared/base/log.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { createMemoryStore } from '../memory.ts'
import type { Store } from '../store.ts'
import { openChronicle, type Chronicle, type ChronicleOptions } from './index.ts'

let dir: string
let clock: FakeClock
let store: Store
let chronicle: Chronicle

const secretKey = new Uint8Array(32).fill(7)
const open = (options: Partial<ChronicleOptions> = {}): Promise<Chronicle> =>
  openChronicle({ dir, store, secretKey, clock, log: silentLog, ...options })

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-chronicle-'))
  clock = createFakeClock()
  store = createMemoryStore({ clock })
  chronicle = await open()
})
afterEach(async () => {
  await chronicle.stop()
  await store.close()
  await rm(dir, { recursive: true })
})

const configMap = (name: string): string => `/registry/core/configmaps/shop/${name}`
const secret = (name: string): string => `/registry/core/secrets/shop/${name}`

interface Body {
  data?: Record<string, string>
  spec?: unknown
  status?: unknown
  metadata?: Partial<KubeObject['metadata']>
}

async function write(key: string, body: Body): Promise<void> {
  const name = key.split('/').at(-1) ?? ''
  const build = (revision: number): Stored => ({
    apiVersion: 'v1',
    kind: 'Thing',
    ...body,
    metadata: { namespace: 'shop', uid: 'u', ...body.metadata, name, resourceVersion: String(revision) },
  })
  await store.commit([{ type: 'put', key, expected: store.head(key)?.revision ?? 0, build }])
  await clock.advance(1_000)
}
async function remove(key: string): Promise<void> {
  await store.commit([{ type: 'delete', key, expected: store.head(key)?.revision ?? 0 }])
  await clock.advance(1_000)
}
const by = (manager: string, time: string) => ({
  metadata: { managedFields: [{ manager, operation: 'Update', time, fieldsV1: { [`f:${time}`]: {} } }] },
})
const dataOf = (object: KubeObject | undefined) => (object as Body | undefined)?.data

test('tells every version of an object, and who wrote it', async () => {
  const begun = clock.now()
  await write(configMap('a'), { data: { x: '1' }, ...by('kubectl-create', '2026-01-01T00:00:00Z') })
  await write(configMap('b'), { data: {} })
  await write(configMap('a'), { data: { x: '2' }, ...by('kubectl-edit', '2026-01-01T00:01:00Z') })
  await remove(configMap('a'))
  const versions = await chronicle.versions(configMap('a'))
  expect(versions.map(({ managers, before, after }) => [managers, dataOf(before), dataOf(after)])).toEqual([
    [['kubectl-create'], undefined, { x: '1' }],
    [['kubectl-edit'], { x: '1' }, { x: '2' }],
    [[], { x: '2' }, undefined],
  ])
  expect(versions.map(({ time }) => time - begun)).toEqual([0, 2_000, 3_000])
  expect(versions[0]?.after?.metadata).not.toHaveProperty('managedFields')
})

test('a manager that only lost a field to another one did not write', async () => {
  const entry = (manager: string, fields: string[], time = '2026-01-01T00:00:00Z') => ({
    manager,
    operation: 'Update',
    time,
    fieldsV1: Object.fromEntries(fields.map((field) => [`f:${field}`, {}])),
  })
  await write(configMap('a'), { data: { x: '1' }, metadata: { managedFields: [entry('creator', ['x', 'y'])] } })
  const managedFields = [entry('creator', ['y']), entry('editor', ['x'])]
  await write(configMap('a'), { data: { x: '2' }, metadata: { managedFields } })
  await write(configMap('a'), {
    data: { x: '3' },
    metadata: { managedFields: [entry('creator', ['y']), entry('editor', ['x', 'z'])] },
  })
  const versions = await chronicle.versions(configMap('a'))
  expect(versions.map(({ managers }) => managers)).toEqual([['creator'], ['editor'], ['editor']])
})

test('keeps neither status writes nor what controllers derive', async () => {
  const spec = { replicas: 1 }
  await write('/registry/apps/deployments/shop/web', { spec, metadata: { generation: 1 } })
  await write('/registry/apps/deployments/shop/web', { spec, status: { replicas: 1 }, metadata: { generation: 1 } })
  await write('/registry/apps/deployments/shop/web', {
    spec,
    metadata: { generation: 1, annotations: { 'deployment.kubernetes.io/revision': '1' } },
  })
  await write('/registry/core/configmaps/shop/same', { data: { x: '1' }, ...by('a', '2026-01-01T00:00:00Z') })
  await write('/registry/core/configmaps/shop/same', { data: { x: '1' }, ...by('b', '2026-01-01T00:00:01Z') })
  await write('/registry/core/events/shop/e', {})
  await write('/registry/coordination.k8s.io/leases/shop/l', {})
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'r', controller: true }
  await write('/registry/core/pods/shop/web-1-x', { metadata: { ownerReferences: [owner] } })
  const known = await chronicle.changesSince(() => true, 0)
  expect([...known.keys()].sort()).toEqual(['/registry/apps/deployments/shop/web', configMap('same')].sort())
  expect(await chronicle.versions('/registry/apps/deployments/shop/web')).toHaveLength(1)
  expect(await chronicle.versions(configMap('same'))).toHaveLength(1)
})

test('says what objects were at a time', async () => {
  await write(configMap('changed'), { data: { x: '1' } })
  await write(configMap('deleted'), { data: { x: 'kept' } })
  await write(configMap('back'), { data: { x: '1' } })
  await write(configMap('same'), { data: { x: '1' } })
  await write(configMap('anew'), { data: { x: '1' } })
  const time = clock.now()
  await clock.advance(1_000)
  await write(configMap('changed'), { data: { x: '2' } })
  await write(configMap('changed'), { data: { x: '3' } })
  await remove(configMap('deleted'))
  await write(configMap('back'), { data: { x: '2' } })
  await write(configMap('back'), { data: { x: '1' } })
  await remove(configMap('anew'))
  await write(configMap('anew'), { data: { x: '1' }, metadata: { uid: 'v' } })
  await write(configMap('new'), { data: { x: 'new' } })
  await write(configMap('short'), {})
  await remove(configMap('short'))
  const changes = await chronicle.changesSince((key) => key.startsWith('/registry/core/configmaps/shop/'), time)
  expect(
    Object.fromEntries([...changes].map(([key, { then, now }]) => [key.slice(26), [dataOf(then), dataOf(now)]])),
  ).toEqual({
    'shop/changed': [{ x: '1' }, { x: '3' }],
    'shop/deleted': [{ x: 'kept' }, undefined],
    'shop/new': [undefined, { x: 'new' }],
  })
})

test('goes on after a restart, and knows an object from before the oldest file that is left', async () => {
  const options = { segmentBytes: 2_000, totalBytes: 8_000 }
  await chronicle.stop()
  chronicle = await open(options)
  await write(configMap('old'), { data: { x: 'old' } })
  for (let number = 0; number < 100; number++) await write(configMap('busy'), { data: { x: `${number}` } })
  await chronicle.stop()
  expect((await readdir(dir)).length).toBeGreaterThan(2)
  chronicle = await open(options)
  await write(configMap('old'), { data: { x: 'new' } })
  expect(await chronicle.size()).toBeLessThanOrEqual(8_000)
  const versions = await chronicle.versions(configMap('busy'))
  expect(versions.length).toBeGreaterThan(5)
  expect(versions.length).toBeLessThan(100)
  for (const { before, after } of versions) expect(Number(dataOf(after)?.x) - Number(dataOf(before)?.x)).toBe(1)
  const old = await chronicle.versions(configMap('old'))
  expect(old.map(({ before, after }) => [dataOf(before), dataOf(after)])).toEqual([[{ x: 'old' }, { x: 'new' }]])
})

test('reads on past a line that a crash cut short', async () => {
  await write(configMap('a'), { data: { x: '1' } })
  await chronicle.stop()
  const [file = ''] = await readdir(dir)
  await appendFile(join(dir, file), '{"r":9,"t":1,"k":"/reg')
  chronicle = await open()
  await write(configMap('a'), { data: { x: '2' } })
  expect((await chronicle.versions(configMap('a'))).map(({ after }) => dataOf(after))).toEqual([{ x: '1' }, { x: '2' }])
})

test('Secrets are on disk only as ciphertext, in files of the owner alone', async () => {
  await write(secret('s'), { data: { password: 'hunter2-in-plain' } })
  await remove(secret('s'))
  await chronicle.versions(secret('s'))
  const files = await readdir(dir)
  const text = (await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))).join('')
  expect(text).toContain(secret('s'))
  expect(text).not.toContain('hunter2')
  expect(dataOf((await chronicle.versions(secret('s')))[1]?.before)).toEqual({ password: 'hunter2-in-plain' })
})
