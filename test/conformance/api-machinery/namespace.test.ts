import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer } from '../support/server.ts'
import { isReady, podUntil, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

const gone = (path: string): Promise<boolean> =>
  eventually(`${path} is gone`, async () => (await api.ask('GET', path)).status === 404)

test('[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]', async () => {
  const name = await namespace()
  const at = `/api/v1/namespaces/${name}`
  await api.create(`${at}/pods`, { ...podWith({}), metadata: { name: 'pod' } })
  await podUntil(api, `${at}/pods/pod`, isReady)
  await api.delete(at)
  await gone(at)
  await api.create('/api/v1/namespaces', { metadata: { name } })
  expect((await api.get(`${at}/pods`)).items).toEqual([])
})

test('[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]', async () => {
  const name = await namespace()
  const at = `/api/v1/namespaces/${name}`
  await api.create(`${at}/services`, { metadata: { name: 'service' }, spec: { ports: [{ port: 80 }] } })
  await api.delete(at)
  await gone(at)
  await api.create('/api/v1/namespaces', { metadata: { name } })
  expect((await api.get(`${at}/services`)).items).toEqual([])
})

test('[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]', async () => {
  const at = `/api/v1/namespaces/${await namespace()}`
  await api.patch(at, { metadata: { labels: { patched: 'yes' } } }, 'strategic')
  expect((await api.get(at)).metadata.labels).toMatchObject({ patched: 'yes' })
})

test('[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]', async () => {
  const at = `/api/v1/namespaces/${await namespace()}`
  expect((await api.get(`${at}/status`)).status.phase).toBe('Active')
  const condition = (type: string): object => ({
    type,
    status: 'True',
    reason: 'Test',
    message: `set by a test: ${type}`,
  })
  const patched = await api.patch(`${at}/status`, {
    metadata: { annotations: { 'patched-status': 'true' } },
    status: { conditions: [condition('StatusPatch')] },
  })
  expect(patched.metadata.annotations).toMatchObject({ 'patched-status': 'true' })
  expect(patched.status.conditions).toContainEqual(expect.objectContaining(condition('StatusPatch')))
  const updated = await api.change(`${at}/status`, ({ status }) => {
    status.conditions = [...status.conditions, condition('StatusUpdate')]
  })
  expect(updated.status.conditions).toContainEqual(expect.objectContaining(condition('StatusUpdate')))
  expect((await api.get(at)).status.phase).toBe('Active')
})

test('[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]', async () => {
  const at = `/api/v1/namespaces/${await namespace()}`
  const updated = await api.change(at, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, updated: 'yes' }
  })
  expect(updated.metadata.labels).toMatchObject({ updated: 'yes' })
  expect((await api.get(at)).metadata.labels).toMatchObject({ updated: 'yes' })
})

test('[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]', async () => {
  const at = `/api/v1/namespaces/${await namespace()}`
  const finalizer = 'e2e.example.com/fakeFinalizer'
  const finalize = async (change: (spec: Wire) => void): Promise<Wire> => {
    const object = await api.get(at)
    change(object.spec)
    return api.update(`${at}/finalize`, object)
  }
  const held = await finalize((spec) => spec.finalizers.push(finalizer))
  expect(held.spec.finalizers).toContain(finalizer)
  expect((await api.get(at)).spec.finalizers).toEqual(['kubernetes', finalizer])
  await finalize((spec) => (spec.finalizers = spec.finalizers.filter((one: string) => one !== finalizer)))
  expect((await api.get(at)).spec.finalizers).toEqual(['kubernetes'])
})

test('[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first [Conformance]', async () => {
  const at = `/api/v1/namespaces/${await namespace()}`
  const finalizers = ['e2e.example.com/held']
  await api.create(`${at}/pods`, { ...podWith({}), metadata: { name: 'held', finalizers } })
  await api.create(`${at}/configmaps`, { metadata: { name: 'settings' } })
  await podUntil(api, `${at}/pods/held`, isReady)
  const watching = await api.watch('/api/v1/namespaces', { fieldSelector: `metadata.name=${at.split('/').pop()}` })
  await api.delete(at)
  // While a pod is left, the namespace says so, and nothing else is deleted.
  const waiting = ['NamespaceDeletionContentFailure', 'NamespaceContentRemaining', 'NamespaceFinalizersRemaining']
  await watching.until(({ object }) =>
    (object.status.conditions ?? []).some(({ type, status }: Wire) => waiting.includes(type) && status === 'True'),
  )
  expect((await api.get(`${at}/pods/held`)).metadata.deletionTimestamp).toBeTruthy()
  expect((await api.get(`${at}/configmaps/settings`)).metadata.deletionTimestamp).toBeUndefined()
  await api.patch(`${at}/pods/held`, { metadata: { finalizers: null } })
  await gone(at)
})
