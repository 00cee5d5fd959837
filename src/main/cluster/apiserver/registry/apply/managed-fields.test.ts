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

it('removes a changed field from its previous owner', async () => {
  await api.client.create(configMaps, { metadata: ref, data: { a: '1', b: '1' } }, { fieldManager: 'one' })
  const { metadata } = await patch('2', 'two')
  const owned = Object.fromEntries(
    (metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, JSON.stringify(fieldsV1)]),
  )
  expect(owned['one']).not.toContain('f:a')
  expect(owned['two']).toContain('f:a')
})
