import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { collectionPath, expectDiscovered, expectOperations, type ResourceCase } from '../support/operations.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'
import { otherPause, pause, podUntil, podWith } from '../support/workloads.ts'

/** Cases of objects that no machine need carry out. */

const { api, namespace: newNamespace } = await simulatedServer()
const place = async (group = 'api/v1'): Promise<string> => `/${group}/namespaces/${await newNamespace()}`

const refusal = (at: string, body: object): Promise<number[]> =>
  api.ask('POST', at, { body }).then(({ status, json }) => [status, json.code])

test('[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]', async () => {
  const at = `${await place()}/configmaps`
  expect(await refusal(at, { metadata: { name: 'empty-key' }, data: { '': 'value-1' } })).toEqual([422, 422])
  expect((await api.ask('GET', `${at}/empty-key`)).status).toBe(404)
})

test('[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]', async () => {
  const at = `${await place()}/secrets`
  expect(await refusal(at, { metadata: { name: 'empty-key' }, data: { '': 'dmFsdWUtMQ==' } })).toEqual([422, 422])
  expect((await api.ask('GET', `${at}/empty-key`)).status).toBe(404)
})

test('[sig-node] ConfigMap should update ConfigMap successfully [NodeConformance] [Conformance]', async () => {
  const at = `${await place()}/configmaps`
  const made = await api.create(at, { metadata: { name: 'updated' } })
  expect(made.data).toBeUndefined()
  await api.change(`${at}/updated`, (object) => (object.data = { data: 'value' }))
  expect((await api.get(`${at}/updated`)).data).toEqual({ data: 'value' })
})

test('[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]', async () => {
  const at = `${await place()}/configmaps`
  const label = uniqueName('case')
  const mine = { labelSelector: `test-configmap-static=${label}` }
  const watching = await api.watch(at, mine)
  await api.create(at, {
    metadata: { name: 'life', labels: { 'test-configmap-static': label } },
    data: { valueName: 'value' },
  })
  expect((await watching.next()).type).toBe('ADDED')
  await api.patch(
    `${at}/life`,
    { metadata: { labels: { patched: 'true' } }, data: { valueName: 'value1' } },
    'strategic',
  )
  expect((await watching.next()).object.data).toEqual({ valueName: 'value1' })
  const expected = { metadata: { labels: { patched: 'true' } }, data: { valueName: 'value1' } }
  expect(await api.get(`${at}/life`)).toMatchObject(expected)
  expect((await api.get('/api/v1/configmaps', mine)).items).toMatchObject([expected])
  await api.delete(at, {}, mine)
  expect((await watching.next()).type).toBe('DELETED')
  expect((await api.get(at, mine)).items).toEqual([])
})

test('[sig-node] Secrets should patch a secret [Conformance]', async () => {
  const at = `${await place()}/secrets`
  const label = uniqueName('case')
  const mine = { labelSelector: `testsecret-constant=${label}` }
  await api.create(at, {
    metadata: { name: 'patched', labels: { 'testsecret-constant': label } },
    data: { key: Buffer.from('value').toString('base64') },
    type: 'Opaque',
  })
  expect((await api.get('/api/v1/secrets', mine)).items).toHaveLength(1)
  const data = { key: Buffer.from('value1').toString('base64') }
  await api.patch(`${at}/patched`, { metadata: { labels: { testsecret: 'true' } }, data }, 'strategic')
  expect(await api.get(`${at}/patched`)).toMatchObject({ metadata: { labels: { testsecret: 'true' } }, data })
  expect(
    (await api.get('/api/v1/secrets', { labelSelector: `testsecret=true,${mine.labelSelector}` })).items,
  ).toMatchObject([{ data }])
  await api.delete(at, {}, mine)
  expect((await api.get('/api/v1/secrets', mine)).items).toEqual([])
})

test('[sig-node] Lease lease API should be available [Conformance]', async () => {
  const leases = `${await place('apis/coordination.k8s.io/v1')}/leases`
  const at = `${leases}/lease`
  const spec = {
    holderIdentity: 'holder',
    leaseDurationSeconds: 30,
    acquireTime: '2024-05-06T07:08:09.123456Z',
    renewTime: '2024-05-06T07:08:10.000000Z',
    leaseTransitions: 0,
  }
  await api.create(leases, { metadata: { name: 'lease' }, spec })
  expect((await api.get(at)).spec).toEqual(spec)
  const updated = {
    holderIdentity: 'holder2',
    leaseDurationSeconds: 60,
    acquireTime: '2024-05-06T07:08:11.000001Z',
    renewTime: '2024-05-06T07:08:12.999999Z',
    leaseTransitions: 1,
  }
  await api.change(at, (lease) => (lease.spec = updated))
  expect((await api.get(at)).spec).toEqual(updated)
  const change = { leaseDurationSeconds: 42, holderIdentity: 'holder3' }
  await api.patch(at, { spec: change }, 'strategic')
  expect((await api.get(at)).spec).toEqual({ ...updated, ...change })

  const labels = { deletecollection: 'true' }
  await api.create(leases, { metadata: { name: 'lease2', labels }, spec })
  const names = async (): Promise<string[]> => (await api.get(leases)).items.map(({ metadata }: Wire) => metadata.name)
  expect(await names()).toEqual(['lease', 'lease2'])
  await api.delete(leases, {}, { labelSelector: 'deletecollection=true' })
  expect(await names()).toEqual(['lease'])
  await api.delete(at)
  await expect(api.get(at)).rejects.toMatchObject({ code: 404, reason: 'NotFound' })
})

const template = (labels: Record<string, string> = {}, name = 'template'): object => ({
  metadata: { name, labels },
  template: podWith(labels),
})

test('[sig-node] PodTemplates should run the lifecycle of PodTemplates [Conformance]', async () => {
  const at = `${await place()}/podtemplates`
  const label = uniqueName('case')
  const mine = { labelSelector: `podtemplate-static=${label}` }
  await api.create(at, template({ 'podtemplate-static': label }))
  expect((await api.get('/api/v1/podtemplates', mine)).items).toHaveLength(1)
  await api.patch(`${at}/template`, { metadata: { labels: { podtemplate: 'patched' } } }, 'strategic')
  expect((await api.get(`${at}/template`)).metadata.labels).toMatchObject({ podtemplate: 'patched' })
  expect((await api.get(at, { labelSelector: `${mine.labelSelector},podtemplate=patched` })).items).toHaveLength(1)
  await api.delete(`${at}/template`)
  expect((await api.get('/api/v1/podtemplates', mine)).items).toEqual([])
})

test('[sig-node] PodTemplates should delete a collection of pod templates [Conformance]', async () => {
  const at = `${await place()}/podtemplates`
  const mine = { labelSelector: 'podtemplate-set=true' }
  for (const name of ['one', 'two', 'three']) await api.create(at, template({ 'podtemplate-set': 'true' }, name))
  await api.create(at, template({}, 'other'))
  expect((await api.get(at, mine)).items).toHaveLength(3)
  await api.delete(at, {}, mine)
  expect((await api.get(at, mine)).items).toEqual([])
  expect((await api.get(at)).items).toMatchObject([{ metadata: { name: 'other' } }])
})

test('[sig-node] PodTemplates should replace a pod template [Conformance]', async () => {
  const at = `${await place()}/podtemplates`
  await api.create(at, template({ 'podtemplate-set': 'true' }))
  const replaced = await api.change(`${at}/template`, (object) => {
    object.metadata.annotations = { updated: 'true' }
    object.template.spec.containers[0].image = otherPause
  })
  expect(replaced.metadata.annotations).toEqual({ updated: 'true' })
  expect(await api.get(`${at}/template`)).toMatchObject({
    metadata: { annotations: { updated: 'true' } },
    template: { spec: { containers: [{ image: otherPause }] } },
  })
})

const classes = '/apis/node.k8s.io/v1/runtimeclasses'

async function runtimeClass(more: object = {}): Promise<string> {
  const name = uniqueName('runtime')
  removeAfterwards(api, `${classes}/${name}`)
  await api.create(classes, { metadata: { name }, handler: 'runc', ...more })
  return name
}
const ofClass = (runtimeClassName: string): object => ({
  metadata: { name: 'of-class' },
  spec: { runtimeClassName, containers: [{ name: 'pause', image: pause }] },
})

/** Creates a pod of the class and waits until a node has it. */
async function scheduled(runtimeClassName: string): Promise<Wire> {
  const at = `${await place()}/pods`
  await api.create(at, ofClass(runtimeClassName))
  return podUntil(api, `${at}/of-class`, ({ spec }) => spec.nodeName !== undefined)
}

test('[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance] [Conformance]', async () => {
  const at = `${await place()}/pods`
  const answer = await api.ask('POST', at, { body: ofClass('not-there') })
  expect([answer.status, answer.json.reason]).toEqual([403, 'Forbidden'])
  expect(answer.json.message).toContain('RuntimeClass "not-there" not found')
})

test('[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance] [Conformance]', async () => {
  const name = await runtimeClass()
  await api.delete(`${classes}/${name}`)
  await eventually('it is gone', async () => (await api.ask('GET', `${classes}/${name}`)).status === 404)
  const at = `${await place()}/pods`
  const answer = await eventually('pods are refused', async () => {
    const tried = await api.ask('POST', at, { body: ofClass(name), query: { dryRun: 'All' } })
    return tried.status >= 300 && tried
  })
  expect([answer.status, answer.json.reason]).toEqual([403, 'Forbidden'])
})

test('[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance] [Conformance]', async () => {
  expect((await scheduled(await runtimeClass())).spec.overhead).toBeUndefined()
})

test('[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance] [Conformance]', async () => {
  const podFixed = { cpu: '10m', memory: '1Mi' }
  expect((await scheduled(await runtimeClass({ overhead: { podFixed } }))).spec.overhead).toEqual(podFixed)
})

test('[sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]', async () => {
  const one: ResourceCase = {
    group: 'node.k8s.io',
    version: 'v1',
    resource: 'runtimeclasses',
    kind: 'RuntimeClass',
    object: () => ({ handler: 'conformance' }),
    change: (object) => void (object.metadata.labels.changed = 'true'),
  }
  await expectDiscovered(api, one)
  await expectOperations(api, one)
})

const resourceApi = { group: 'resource.k8s.io', version: 'v1' }
const dra = (kind: string): string => `[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ${kind} [Conformance]`
const relabel = (object: Wire): void => void (object.metadata.labels.changed = 'true')

test(dra('DeviceClass'), async () => {
  const one: ResourceCase = {
    ...resourceApi,
    resource: 'deviceclasses',
    kind: 'DeviceClass',
    object: () => ({ spec: { selectors: [{ cel: { expression: 'device.driver == "conformance.example.com"' } }] } }),
    change: (object) =>
      void (object.spec.selectors = [{ cel: { expression: 'device.driver == "other.example.com"' } }]),
  }
  await expectDiscovered(api, one)
  await expectOperations(api, one)
})

const claimSpec = {
  devices: { requests: [{ name: 'req-0', exactly: { deviceClassName: 'conformance-not-there' } }] },
}

test(dra('ResourceClaim'), async () => {
  const one: ResourceCase = {
    ...resourceApi,
    resource: 'resourceclaims',
    kind: 'ResourceClaim',
    namespace: await newNamespace(),
    subresources: ['status'],
    object: () => ({ spec: claimSpec }),
    change: relabel,
  }
  await expectDiscovered(api, one)
  await expectOperations(api, one)
  await expectClaimStatus(one)
})

/** The status is patched and updated by its own endpoint, which leaves the metadata alone. */
async function expectClaimStatus(one: ResourceCase): Promise<void> {
  const collection = collectionPath(one)
  await api.create(collection, { ...one.object(), metadata: { name: 'claim' } })
  const at = `${collection}/claim`
  const device = { driver: 'conformance.example.com', pool: 'pool', device: 'device-1' }
  const allocation = { devices: { results: [{ request: 'req-0', ...device }] } }
  await api.patch(`${at}/status`, { metadata: { annotations: { by: 'status' } }, status: { allocation } })
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Test', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ]
  await api.change(`${at}/status`, ({ status }) => (status.devices = [{ ...device, conditions }]))
  for (const path of [at, `${at}/status`]) {
    const { metadata, status } = await api.get(path)
    expect(metadata.annotations).toBeUndefined()
    expect(status).toMatchObject({ allocation, devices: [{ ...device, conditions }] })
  }
}

test(dra('ResourceClaimTemplate'), async () => {
  const one: ResourceCase = {
    ...resourceApi,
    resource: 'resourceclaimtemplates',
    kind: 'ResourceClaimTemplate',
    namespace: await newNamespace(),
    object: () => ({ spec: { spec: claimSpec } }),
    change: relabel,
  }
  await expectDiscovered(api, one)
  await expectOperations(api, one)
})

test(dra('ResourceSlice'), async () => {
  const driver = `${uniqueName('driver')}.example.com`
  const one: ResourceCase = {
    ...resourceApi,
    resource: 'resourceslices',
    kind: 'ResourceSlice',
    object: () => ({
      spec: {
        driver,
        nodeName: 'conformance-not-there',
        pool: { name: uniqueName('pool'), generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'device-1' }],
      },
    }),
    change: (object) => void object.spec.devices.push({ name: 'device-2' }),
  }
  await expectDiscovered(api, one)
  await expectOperations(api, one)
})
