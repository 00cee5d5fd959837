import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import { pause, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

interface Place {
  /** Of the namespace. */
  root: string
  quotas: string
}
const place = async (): Promise<Place> => {
  const root = `/api/v1/namespaces/${await namespace()}`
  return { root, quotas: `${root}/resourcequotas` }
}

const counts = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  secrets: '10',
  configmaps: '10',
  persistentvolumeclaims: '10',
  'count/replicasets.apps': '5',
  cpu: '1',
  memory: '500Mi',
  'requests.ephemeral-storage': '50Gi',
  'requests.example.com/dongle': '3',
}
const quota = (name: string, hard: object = counts, more: object = {}): object => ({
  metadata: { name },
  spec: { hard, ...more },
})
const makeQuota = (quotas: string, name: string, hard?: object, more?: object): Promise<Wire> =>
  api.create(quotas, quota(name, hard, more))

/** The quota's status names the hard limits, and what is used as wanted, within a watch's patience. */
async function expectUsed(quotas: string, name: string, used: Record<string, string>): Promise<void> {
  const watching = await api.watch(quotas, { fieldSelector: `metadata.name=${name}` })
  await watching.until(({ object: { spec, status } }) => {
    const { hard = {}, used: found = {} } = status ?? {}
    return (
      JSON.stringify(Object.entries(hard).sort()) === JSON.stringify(Object.entries(spec.hard).sort()) &&
      Object.entries(used).every(([resource, amount]) => found[resource] === amount)
    )
  })
  watching.stop()
}

const limited = (requests: object, more: object = {}): object => ({
  containers: [{ name: 'pause', image: pause, resources: { requests, limits: requests }, ...more }],
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]', async () => {
  const { quotas } = await place()
  await makeQuota(quotas, 'quota')
  await expectUsed(quotas, 'quota', { resourcequotas: '1', pods: '0', services: '0', cpu: '0', memory: '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]', async () => {
  const { root, quotas } = await place()
  await makeQuota(quotas, 'quota')
  await expectUsed(quotas, 'quota', { resourcequotas: '1', services: '0' })
  const service = (name: string, type: string): object => ({
    metadata: { name },
    spec: { type, ports: [{ port: 80 }], selector: { app: name } },
  })
  await api.create(`${root}/services`, service('cluster-ip', 'ClusterIP'))
  await api.create(`${root}/services`, service('node-port', 'NodePort'))
  await expect(api.create(`${root}/services`, service('balanced', 'LoadBalancer'))).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining('exceeded quota: quota'),
  })
  await expectUsed(quotas, 'quota', { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
  await api.delete(`${root}/services/cluster-ip`)
  await api.delete(`${root}/services/node-port`)
  await expectUsed(quotas, 'quota', { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]', async () => {
  const { root, quotas } = await place()
  await makeQuota(quotas, 'quota')
  await expectUsed(quotas, 'quota', { resourcequotas: '1', secrets: '0' })
  await api.create(`${root}/secrets`, { metadata: { name: 'secret' }, stringData: { key: 'value' } })
  await expectUsed(quotas, 'quota', { secrets: '1' })
  await api.delete(`${root}/secrets/secret`)
  await expectUsed(quotas, 'quota', { secrets: '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]', async () => {
  const { root, quotas } = await place()
  await api.get(`${root}/configmaps`)
  await makeQuota(quotas, 'quota')
  // The namespace is given one itself: the root certificate.
  await expectUsed(quotas, 'quota', { resourcequotas: '1', configmaps: '1' })
  await api.create(`${root}/configmaps`, { metadata: { name: 'settings' }, data: { key: 'value' } })
  await expectUsed(quotas, 'quota', { configmaps: '2' })
  await api.delete(`${root}/configmaps/settings`)
  await expectUsed(quotas, 'quota', { configmaps: '1' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod. [Conformance]', async () => {
  const { root, quotas } = await place()
  await makeQuota(quotas, 'quota')
  await expectUsed(quotas, 'quota', { resourcequotas: '1', pods: '0' })
  const pod = (name: string, requests: object): object => ({ metadata: { name }, spec: limited(requests) })
  const first = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' }
  await api.create(`${root}/pods`, pod('first', first))
  const used = {
    pods: '1',
    cpu: '500m',
    memory: '252Mi',
    'requests.ephemeral-storage': '30Gi',
    'requests.example.com/dongle': '2',
  }
  await expectUsed(quotas, 'quota', used)

  const refused = { code: 403, message: expect.stringContaining('exceeded quota: quota') }
  await expect(api.create(`${root}/pods`, pod('greedy', { cpu: '600m', memory: '100Mi' }))).rejects.toMatchObject(
    refused,
  )
  await expect(
    api.create(`${root}/pods`, pod('dongles', { cpu: '500m', memory: '100Mi', 'example.com/dongle': '2' })),
  ).rejects.toMatchObject(refused)

  const live = await api.get(`${root}/pods/first`)
  // The scheduler writes the pod's status meanwhile: the update is about the spec, whatever its revision.
  delete live.metadata.resourceVersion
  live.spec.containers[0].resources.requests.cpu = '100m'
  live.spec.containers[0].resources.limits.cpu = '100m'
  await expect(api.update(`${root}/pods/first`, live)).rejects.toMatchObject({ code: 422 })
  await expectUsed(quotas, 'quota', used)
  await api.delete(`${root}/pods/first`, { gracePeriodSeconds: 0 })
  await expectUsed(quotas, 'quota', {
    pods: '0',
    cpu: '0',
    memory: '0',
    'requests.ephemeral-storage': '0',
    'requests.example.com/dongle': '0',
  })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set. [Conformance]', async () => {
  const { root, quotas } = await place()
  await makeQuota(quotas, 'quota')
  await expectUsed(quotas, 'quota', { resourcequotas: '1', 'count/replicasets.apps': '0' })
  const sets = `${root.replace('/api/v1', '/apis/apps/v1')}/replicasets`
  await api.create(sets, {
    metadata: { name: 'set' },
    spec: { replicas: 0, selector: { matchLabels: { app: 'set' } }, template: podWith({ app: 'set' }) },
  })
  await expectUsed(quotas, 'quota', { 'count/replicasets.apps': '1' })
  await api.delete(`${sets}/set`)
  await expectUsed(quotas, 'quota', { 'count/replicasets.apps': '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller. [Conformance]', async () => {
  const { root, quotas } = await place()
  await makeQuota(quotas, 'quota')
  await expectUsed(quotas, 'quota', { resourcequotas: '1', replicationcontrollers: '0' })
  await api.create(`${root}/replicationcontrollers`, {
    metadata: { name: 'controller' },
    spec: { replicas: 0, selector: { app: 'controller' }, template: podWith({ app: 'controller' }) },
  })
  await expectUsed(quotas, 'quota', { replicationcontrollers: '1' })
  await api.delete(`${root}/replicationcontrollers/controller`, { propagationPolicy: 'Background' })
  await expectUsed(quotas, 'quota', { replicationcontrollers: '0' })
})

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes. [Conformance]', async () => {
  const { root, quotas } = await place()
  const hard = { pods: '5', 'requests.cpu': '1', 'requests.memory': '500Mi', 'limits.cpu': '2', 'limits.memory': '1Gi' }
  await makeQuota(quotas, 'terminating', hard, { scopes: ['Terminating'] })
  await makeQuota(quotas, 'not-terminating', hard, { scopes: ['NotTerminating'] })
  const none = { pods: '0', 'requests.cpu': '0', 'requests.memory': '0', 'limits.cpu': '0', 'limits.memory': '0' }
  const one = {
    pods: '1',
    'requests.cpu': '500m',
    'requests.memory': '200Mi',
    'limits.cpu': '1',
    'limits.memory': '400Mi',
  }
  await expectUsed(quotas, 'terminating', none)
  await expectUsed(quotas, 'not-terminating', none)
  const resources = { requests: { cpu: '500m', memory: '200Mi' }, limits: { cpu: '1', memory: '400Mi' } }
  const containers = [{ name: 'pause', image: pause, resources }]

  await api.create(`${root}/pods`, { metadata: { name: 'long' }, spec: { containers } })
  await expectUsed(quotas, 'not-terminating', one)
  await expectUsed(quotas, 'terminating', none)
  await api.delete(`${root}/pods/long`, { gracePeriodSeconds: 0 })
  await expectUsed(quotas, 'not-terminating', none)

  await api.create(`${root}/pods`, { metadata: { name: 'short' }, spec: { containers, activeDeadlineSeconds: 3600 } })
  await expectUsed(quotas, 'terminating', one)
  await expectUsed(quotas, 'not-terminating', none)
  await api.delete(`${root}/pods/short`, { gracePeriodSeconds: 0 })
  await expectUsed(quotas, 'terminating', none)
})

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope. [Conformance]', async () => {
  const { root, quotas } = await place()
  await makeQuota(quotas, 'best-effort', { pods: '5' }, { scopes: ['BestEffort'] })
  await makeQuota(quotas, 'not-best-effort', { pods: '5' }, { scopes: ['NotBestEffort'] })
  await expectUsed(quotas, 'best-effort', { pods: '0' })
  await expectUsed(quotas, 'not-best-effort', { pods: '0' })
  await api.create(`${root}/pods`, { ...podWith({}), metadata: { name: 'free' } })
  await expectUsed(quotas, 'best-effort', { pods: '1' })
  await expectUsed(quotas, 'not-best-effort', { pods: '0' })
  await api.delete(`${root}/pods/free`, { gracePeriodSeconds: 0 })
  await expectUsed(quotas, 'best-effort', { pods: '0' })
  await api.create(`${root}/pods`, { metadata: { name: 'bound' }, spec: limited({ cpu: '500m', memory: '200Mi' }) })
  await expectUsed(quotas, 'not-best-effort', { pods: '1' })
  await expectUsed(quotas, 'best-effort', { pods: '0' })
  await api.delete(`${root}/pods/bound`, { gracePeriodSeconds: 0 })
  await expectUsed(quotas, 'not-best-effort', { pods: '0' })
})

test('[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]', async () => {
  const { quotas } = await place()
  const made = await makeQuota(quotas, 'quota', { cpu: '1', memory: '500Mi' })
  expect(made.spec.hard).toEqual({ cpu: '1', memory: '500Mi' })
  expect((await api.get(`${quotas}/quota`)).spec.hard).toEqual({ cpu: '1', memory: '500Mi' })
  const updated = await api.change(`${quotas}/quota`, ({ spec }) => {
    spec.hard = { cpu: '2', memory: '1Gi' }
  })
  expect(updated.spec.hard).toEqual({ cpu: '2', memory: '1Gi' })
  await expectUsed(quotas, 'quota', { cpu: '0', memory: '0' })
  await api.delete(`${quotas}/quota`)
  await expect(api.get(`${quotas}/quota`)).rejects.toMatchObject({ code: 404 })
})

test('[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]', async () => {
  const { quotas } = await place()
  const label = uniqueName('quota')
  const everywhere = { labelSelector: `case=${label}` }
  await api.create(quotas, {
    metadata: { name: 'quota', labels: { case: label } },
    spec: { hard: { cpu: '1', memory: '500Mi' } },
  })
  expect((await api.get('/api/v1/resourcequotas', everywhere)).items).toHaveLength(1)
  const patch = { metadata: { labels: { quota: 'patched' } }, spec: { hard: { memory: '750Mi' } } }
  await api.patch(`${quotas}/quota`, patch, 'strategic')
  const found = await api.get(`${quotas}/quota`)
  expect(found.metadata.labels.quota).toBe('patched')
  expect(found.spec.hard).toEqual({ cpu: '1', memory: '750Mi' })
  await api.delete(quotas, undefined, everywhere)
  expect((await api.get('/api/v1/resourcequotas', everywhere)).items).toHaveLength(0)
})

test('[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]', async () => {
  const { quotas } = await place()
  const at = `${quotas}/quota`
  await makeQuota(quotas, 'quota', { cpu: '500m', memory: '500Mi' })
  await expectUsed(quotas, 'quota', { cpu: '0', memory: '0' })

  // The controller sets a status right that others have written; watches show both.
  const watching = await api.watch(quotas, { fieldSelector: 'metadata.name=quota' })
  const updated = await api.change(`${at}/status`, ({ status }) => {
    status.hard = { cpu: '600m', memory: '600Mi' }
  })
  expect(updated.status.hard).toEqual({ cpu: '600m', memory: '600Mi' })
  await watching.until(({ object }) => object.status?.hard?.cpu === '600m')
  await watching.until(({ object }) => object.status?.hard?.cpu === '500m' && object.status.hard.memory === '500Mi')

  await api.patch(at, { spec: { hard: { cpu: '1', memory: '1Gi' } } })
  await watching.until(({ object }) => object.status?.hard?.cpu === '1' && object.status.hard.memory === '1Gi')

  const patched = await api.patch(`${at}/status`, { status: { hard: { cpu: '2', memory: '2Gi' } } })
  expect(patched.status.hard).toEqual({ cpu: '2', memory: '2Gi' })
  expect(patched.spec.hard).toEqual({ cpu: '1', memory: '1Gi' })
  await watching.until(({ object }) => object.status?.hard?.cpu === '2')
  await watching.until(({ object }) => object.status?.hard?.cpu === '1' && object.status.hard.memory === '1Gi')
  const read = await api.get(`${at}/status`)
  expect(read.status.hard).toEqual(read.spec.hard)
})
