import { CustomObjectsApi, ListWatch, Watch, type KubernetesObject } from '@kubernetes/client-node'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { define, definitionsPath, type Definition } from '../support/custom-resources.ts'
import { eventually } from '../support/eventually.ts'
import { startPodServer } from '../support/pod-server.ts'
import { serverWithWorkers } from '../support/server.ts'
import { clientConfig } from '../support/webhooks.ts'

const { api, config, namespace: newNamespace } = await serverWithWorkers()
const server = await startPodServer(api, 'webhooks')
afterAll(() => server.remove())

const text = { type: 'string' }
const version = (name: string, properties: object, more: object = {}): object => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', properties } },
  ...more,
})

interface Ships extends Definition {
  v1: string
  v2: string
}

/** v1 says `hostPort`, v2 says `host` and `port`; the webhook knows how to convert. */
async function ships({ selectable = false } = {}): Promise<Ships> {
  const definition = await define(api, {
    versions: [
      version('v1', { hostPort: text }, selectable ? { selectableFields: [{ jsonPath: '.hostPort' }] } : {}),
      version(
        'v2',
        { host: text, port: text },
        selectable ? { selectableFields: [{ jsonPath: '.host' }, { jsonPath: '.port' }] } : {},
      ),
    ],
    spec: {
      conversion: {
        strategy: 'Webhook',
        webhook: { clientConfig: clientConfig(server, '/convert'), conversionReviewVersions: ['v1'] },
      },
    },
  })
  const { group, plural } = definition
  const namespace = await newNamespace()
  const path = (version: string): string => `/apis/${group}/${version}/namespaces/${namespace}/${plural}`
  return { ...definition, v1: path('v1'), v2: path('v2') }
}
const v1Object = ({ group, kind }: Definition, name: string, hostPort: string): object => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name },
  hostPort,
})
const v2Object = ({ group, kind }: Definition, name: string, host: string, port: string): object => ({
  apiVersion: `${group}/v2`,
  kind,
  metadata: { name },
  host,
  port,
})
const namesOf = (list: Wire): string[] => list.items.map(({ metadata }: Wire) => metadata.name)

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2 [Conformance]', async () => {
  const here = await ships()
  await api.create(here.v1, v1Object(here, 'one', 'localhost:8080'))
  const found = await api.get(`${here.v2}/one`)
  expect(found).toMatchObject({ apiVersion: `${here.group}/v2`, host: 'localhost', port: '8080' })
  expect(found.hostPort).toBeUndefined()
})

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs [Conformance]', async () => {
  const here = await ships()
  await api.create(here.v1, v1Object(here, 'one', 'localhost:8080'))
  await api.change(`${definitionsPath}/${here.name}`, ({ spec }) => {
    for (const one of spec.versions) one.storage = one.name === 'v2'
  })
  await eventually('v2 is stored', async () => {
    const { status } = await api.get(`${definitionsPath}/${here.name}`)
    return status.storedVersions.includes('v2')
  })
  await api.create(here.v2, v2Object(here, 'two', 'localhost', '9090'))
  const list = await api.get(here.v2)
  expect(namesOf(list)).toEqual(['one', 'two'])
  expect(list.items.map(({ host, port }: Wire) => `${host} ${port}`)).toEqual(['localhost 8080', 'localhost 9090'])
  const older = await api.get(here.v1)
  expect(older.items.map(({ hostPort }: Wire) => hostPort)).toEqual(['localhost:8080', 'localhost:9090'])
})

test('[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector [Conformance]', async () => {
  const here = await ships({ selectable: true })
  const v1Selected = { fieldSelector: 'hostPort=host1:80' }
  const v2Selected = { fieldSelector: 'host=host1' }
  const v1Watch = await api.watch(here.v1, v1Selected)
  const v2Watch = await api.watch(here.v2, v2Selected)
  const informed = await informer(here, v2Selected.fieldSelector)

  await api.create(here.v1, v1Object(here, 'one', 'host1:80'))
  await api.create(here.v1, v1Object(here, 'two', 'host1:8080'))
  await api.create(here.v1, v1Object(here, 'other', 'host2:80'))
  expect(namesOf(await api.get(here.v1, v1Selected))).toEqual(['one'])
  expect(namesOf(await api.get(here.v2, v2Selected))).toEqual(['one', 'two'])
  expect(namesOf(await api.get(here.v2, { fieldSelector: 'host=host1,port=8080' }))).toEqual(['two'])
  await expect(api.get(here.v1, { fieldSelector: 'host=host1' })).rejects.toMatchObject({ code: 400 })
  expect(await v1Watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'one' } } })
  expect(await v2Watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'one' }, host: 'host1' } })
  expect(await v2Watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'two' } } })
  await eventually('the informer has both', async () => informed().join() === 'one,two')

  // One leaves the selection, the other is deleted.
  await api.patch(`${here.v2}/one`, { host: 'host2' })
  expect(await v1Watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'one' } } })
  expect(await v2Watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'one' } } })
  await api.delete(here.v2, undefined, { fieldSelector: 'host=host1' })
  expect(await v2Watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'two' } } })
  await eventually('the informer has none', async () => informed().length === 0)
  expect(namesOf(await api.get(here.v2))).toEqual(['one', 'other'])
})

/** The client library's informer. @returns names that it knows, sorted */
async function informer({ group, plural, v2 }: Ships, fieldSelector: string): Promise<() => string[]> {
  const objects = config.makeApiClient(CustomObjectsApi)
  const namespace = /namespaces\/([^/]+)/.exec(v2)?.[1] ?? ''
  const list = async (): Promise<{ items: KubernetesObject[] }> =>
    (await objects.listNamespacedCustomObject({ group, version: 'v2', namespace, plural, fieldSelector })) as {
      items: KubernetesObject[]
    }
  const running = new ListWatch(v2, new Watch(config), list, false, undefined, fieldSelector)
  onTestFinished(() => running.stop())
  await running.start()
  return () =>
    running
      .list()
      .map(({ metadata }) => metadata?.name ?? '')
      .sort()
}
