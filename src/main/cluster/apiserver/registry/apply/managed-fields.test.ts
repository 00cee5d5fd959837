import { afterEach, beforeEach, expect, it } from 'vitest'
import { configMaps, namespaces } from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'

let api: TestApiServer
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock()
  api = await startApiServer({ clock })
  await api.client.create(namespaces, { metadata: { name: 'n' } }).catch(() => undefined)
})
afterEach(() => api.stop())

const ref = { namespace: 'n', name: 'm' }
const patch = (value: string, fieldManager: string) =>
  api.client.patch(configMaps, ref, { type: 'merge', body: { data: { a: value } } }, { fieldManager })

it('updates the time of a manager on every change, also of fields that it already owns', async () => {
  await api.client.create(configMaps, { metadata: ref, data: { a: '1' } }, { fieldManager: 'one' })
  await clock.advance(5_000)
  const later = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  const { metadata } = await patch('2', 'one')
  expect(metadata.managedFields).toHaveLength(1)
  expect(metadata.managedFields?.[0]).toMatchObject({ manager: 'one', time: later })
  await clock.advance(5_000)
  const same = await patch('2', 'one')
  expect(same.metadata.managedFields?.[0]?.time).toBe(later)
  expect(same.metadata.resourceVersion).toBe(metadata.resourceVersion)
})

it('has what nobody tracked owned by the manager “before-first-apply”', async () => {
  await api.client.create(configMaps, { metadata: ref, data: { a: '1' } }, { fieldManager: 'one' })
  const body = { metadata: { managedFields: [{}] } }
  await api.client.patch(configMaps, ref, { type: 'merge', body }, { fieldManager: 'one' })
  const written = await patch('2', 'two')
  expect(written.metadata.managedFields).toBeUndefined()
  const applying = { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref, data: { a: '3' } }
  await expect(
    api.client.patch(configMaps, ref, { type: 'apply', body: applying }, { fieldManager: 'three' }),
  ).rejects.toThrow('conflict with "before-first-apply" using v1: .data.a')
})

it('does not make a creator the owner of what the server adds', async () => {
  const made = await api.client.create(configMaps, { metadata: ref, data: { a: '1' } }, { fieldManager: 'one' })
  expect(made.metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1)).toEqual([{ 'f:data': { '.': {}, 'f:a': {} } }])
})

it('drops owner references that are given twice, with a warning', async () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' }
  const object = { metadata: { ...ref, ownerReferences: [owner, { ...owner }] } }
  expect((await api.client.create(configMaps, object)).metadata.ownerReferences).toEqual([owner])
})

it('removes a changed field from its previous owner', async () => {
  await api.client.create(configMaps, { metadata: ref, data: { a: '1', b: '1' } }, { fieldManager: 'one' })
  const { metadata } = await patch('2', 'two')
  const owned = Object.fromEntries(
    (metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, JSON.stringify(fieldsV1)]),
  )
  expect(owned['one']).not.toContain('f:a')
  expect(owned['two']).toContain('f:a')
})

it('refuses configurations that are of no kind or another, and patches that change the kind', async () => {
  await api.client.create(configMaps, { metadata: ref })
  const apply = (body: object): Promise<unknown> =>
    api.client.patch(configMaps, ref, { type: 'apply', body: { metadata: ref, ...body } }, { fieldManager: 'one' })
  await expect(apply({})).rejects.toMatchObject({ code: 400, message: 'invalid object type: /, Kind=' })
  await expect(apply({ apiVersion: 'apps/v1', kind: 'Deployment' })).rejects.toMatchObject({
    message: 'invalid object type: apps/v1, Kind=Deployment',
  })
  await apply({ apiVersion: 'v1', kind: 'ConfigMap' })
  const merge = (body: object): Promise<unknown> => api.client.patch(configMaps, ref, { type: 'merge', body })
  await expect(merge({ kind: 'Secret' })).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('converting (*v1.Secret) to (*core.ConfigMap): unknown conversion') as string,
  })
  await expect(merge({ apiVersion: 'apps/v1' })).rejects.toMatchObject({ code: 422 })
  await merge({ kind: null, apiVersion: null })
  await api.client.patch(configMaps, ref, { type: 'strategic', body: { kind: 'Secret' } })
})
