import { afterEach, beforeEach, expect, it } from 'vitest'
import { pods } from '#shared/kube/resources.ts'
import { admin, startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../../index.ts'

let api: TestApiServer
beforeEach(async () => {
  api = await startApiServer({ kinds })
  await api.client.create(pods, {
    metadata: { namespace: 'default', name: 'web' },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  })
})
afterEach(() => api.stop())

const bind = (at: string, metadata: object): Promise<unknown> =>
  api.server.transportFor(admin).request({
    method: 'POST',
    path: `/api/v1/namespaces/default/${at}`,
    body: { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: 'node-1' } },
  })
const nodeOfPod = async (): Promise<string | undefined> =>
  (await api.client.get(pods, { namespace: 'default', name: 'web' })).spec?.nodeName

it.each([
  ['bindings', { name: 'web' }],
  ['bindings', { name: 'web', namespace: 'default' }],
  ['pods/web/binding', { name: 'web' }],
])('binds the pod to its node by POST %s of %j', async (at, metadata) => {
  expect(await bind(at, metadata)).toMatchObject({ kind: 'Status', status: 'Success' })
  expect(await nodeOfPod()).toBe('node-1')
})

const otherNamespace = 'the namespace of the provided object does not match the namespace sent on the request'

it.each([
  ['bindings', {}, 422, 'metadata.name'],
  ['bindings', { name: 'nobody' }, 404, 'pods "nobody" not found'],
  ['bindings', { name: 'web', namespace: 'other' }, 400, otherNamespace],
  ['pods/web/binding', { name: 'web', namespace: 'other' }, 400, otherNamespace],
  ['pods/web/binding', { name: 'other' }, 400, 'name in URL does not match name in Binding object'],
])('refuses POST %s of %j with %i', async (at, metadata, code, message) => {
  const refused = bind(at, metadata)
  await expect(refused).rejects.toMatchObject({ code })
  await expect(refused).rejects.toThrow(message)
  expect(await nodeOfPod()).toBeUndefined()
})

const evict = (deleteOptions: object): Promise<unknown> =>
  api.server.transportFor(admin).request({
    method: 'POST',
    path: '/api/v1/namespaces/default/pods/web/eviction',
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' }, deleteOptions },
  })

it('sets the condition DisruptionTarget on an evicted pod, so that Jobs can ignore the failure', async () => {
  await bind('pods/web/binding', { name: 'web' })
  const { metadata } = await api.client.get(pods, { namespace: 'default', name: 'web' })
  await evict({ preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion } })
  const pod = await api.client.get(pods, { namespace: 'default', name: 'web' })
  expect(pod.metadata.deletionTimestamp).toBeDefined()
  expect(pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  })
})

it.each([
  ['another uid', { preconditions: { uid: 'other' } }, 409],
  ['another resourceVersion', { preconditions: { resourceVersion: '1' } }, 409],
  ['a dry run', { dryRun: ['All'] }, undefined],
])('does not set the condition on an eviction with %s', async (_what, options, code) => {
  const evicted = evict(options)
  if (code === undefined) await evicted
  else await expect(evicted).rejects.toMatchObject({ code })
  const pod = await api.client.get(pods, { namespace: 'default', name: 'web' })
  expect(pod.metadata.deletionTimestamp).toBeUndefined()
  expect(pod.status?.conditions ?? []).toEqual([])
})
