import { createServer, type Server } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { StopStack } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import type { APIService } from '#shared/kube/generated/types.ts'
import { apiServices, namespaces, services } from '#shared/kube/resources.ts'
import { notFound, type Status } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { createAuthority, issueCertificate } from '../auth/certificates.ts'
import { kinds } from '../kinds/index.ts'
import { createAggregator, type Aggregator } from './aggregator.ts'
import { ensureLocalApiServices } from '../bootstrap/local-api-services.ts'
import { startAvailability } from '../loops/availability.ts'
import { metricsKinds } from '../observability/resource-metrics.ts'
import { RemoteGroups } from '../discovery/remote-groups.ts'

const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }
let stops: StopStack
let api: TestApiServer
let aggregator: Aggregator
let backend: Server
let caBundle: string
let seen: { url: string; headers: Record<string, unknown>; peer: string }[]

beforeEach(async () => {
  seen = []
  stops = new StopStack()
  const [authority, proxies] = await Promise.all([
    createAuthority('back', validity),
    createAuthority('front', validity),
  ])
  caBundle = Buffer.from(authority.cert).toString('base64')
  const own = await issueCertificate(
    authority,
    { name: 'ships', hosts: ['ships.harbour.svc'], usages: ['server'] },
    validity,
  )
  const frontProxy = await issueCertificate(proxies, { name: 'front-proxy-client', usages: ['client'] }, validity)
  backend = createServer({ ...own, ca: proxies.cert, requestCert: true }, (message, response) => {
    const peer = (message.socket as TLSSocket).getPeerCertificate().subject?.CN ?? ''
    seen.push({ url: message.url ?? '', headers: message.headers, peer: String(peer) })
    response.setHeader('content-type', 'application/json')
    const page = pages[message.url ?? '']
    if (message.url?.includes('/sunk')) {
      response.statusCode = 404
      return response.end(JSON.stringify(notFound({ group: 'sea.example.com', resource: 'ships' }, 'sunk').status))
    }
    if (message.url?.includes('/nowhere')) {
      response.statusCode = 404
      return response.end('404 page not found')
    }
    response.end(JSON.stringify(page ?? { kind: 'ShipList', items: [], asked: message.url }))
  })
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const { port } = backend.address() as AddressInfo
  const remote = new RemoteGroups()
  api = await startApiServer({
    kinds: [...kinds, ...metricsKinds],
    around({ reader }) {
      aggregator = createAggregator({ reader, dialService: async () => connect(port, '127.0.0.1'), frontProxy })
      return { aggregation: { aggregator, remote } }
    },
  })
  const informers = createSharedInformers({ client: api.client, clock: systemClock, log: silentLog })
  stops.add(() => api.stop())
  stops.add(() => new Promise<void>((resolve) => backend.close(() => resolve()).closeAllConnections()))
  stops.add(() => informers.stop())
  stops.add(
    startAvailability({ client: api.client, informers, clock: systemClock, log: silentLog }, { aggregator, remote }),
  )
  await api.client.create(namespaces, { metadata: { name: 'harbour' } })
})
afterEach(() => stops.stop())

const discovery = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: 'sea.example.com/v1',
  resources: [
    { name: 'ships', singularName: 'ship', namespaced: true, kind: 'Ship', verbs: ['get', 'list'] },
    { name: 'ships/status', singularName: '', namespaced: true, kind: 'Ship', verbs: ['get'] },
  ],
}

const shipSchema = {
  type: 'object',
  description: 'A ship.',
  'x-kubernetes-group-version-kind': [{ group: 'sea.example.com', version: 'v1', kind: 'Ship' }],
}
const pages: Record<string, unknown> = {
  '/apis/sea.example.com/v1': discovery,
  '/openapi/v3/apis/sea.example.com/v1': {
    openapi: '3.0.0',
    components: { schemas: { 'com.example.Ship': shipSchema } },
  },
  '/openapi/v2': {
    swagger: '2.0',
    paths: { '/apis/sea.example.com/v1/ships': { get: { operationId: 'listShips', responses: {} } }, '/elsewhere': {} },
    definitions: { 'com.example.Ship': shipSchema },
  },
}

const register = (): Promise<APIService> =>
  api.client.create(apiServices, {
    metadata: { name: 'v1.sea.example.com' },
    spec: {
      group: 'sea.example.com',
      version: 'v1',
      groupPriorityMinimum: 2_000,
      versionPriority: 200,
      service: { namespace: 'harbour', name: 'ships' },
      caBundle,
    },
  })
const openPort = () =>
  api.client.create(services, { metadata: { name: 'ships', namespace: 'harbour' }, spec: { ports: [{ port: 443 }] } })

async function get(path: string, headers: Record<string, string> = {}): Promise<{ code: number; body: unknown }> {
  const agent = new Agent({ connect: { ca: api.ca } })
  const response = await request(api.url + path, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${api.token}`, ...headers },
  })
  const body = await response.body.json()
  await agent.close()
  return { code: response.statusCode, body }
}

async function untilAvailable(reason: string): Promise<void> {
  await expect
    .poll(async () => {
      const { status } = await api.client.get(apiServices, { name: 'v1.sea.example.com' })
      return status?.conditions?.find(({ type }) => type === 'Available')?.reason
    })
    .toBe(reason)
}

it('forwards requests of its group to the service, with the user in headers and the front-proxy certificate', async () => {
  await openPort()
  await register()
  await untilAvailable('Passed')
  const path = '/apis/sea.example.com/v1/namespaces/harbour/ships?limit=5'
  const answer = await get(path, { 'x-remote-user': 'somebody-else' })
  expect(answer).toMatchObject({ code: 200, body: { kind: 'ShipList', asked: path } })
  const last = seen.findLast(({ url }) => url === path)
  expect(last?.peer).toBe('front-proxy-client')
  expect(last?.headers).toMatchObject({ 'x-remote-user': 'kubernetes-admin', host: 'ships.harbour.svc' })
  expect(String(last?.headers['x-remote-group'])).toContain('system:masters')
  expect(last?.headers).not.toHaveProperty('authorization')
})

it('answers clients within the process, as their user, in its own words', async () => {
  await openPort()
  await register()
  await untilAvailable('Passed')
  const path = '/apis/sea.example.com/v1/namespaces/harbour/ships'
  const ask = (what: string) => api.client.transport.request({ method: 'GET', path: path + what })
  expect(await ask('?limit=5')).toMatchObject({ kind: 'ShipList', asked: `${path}?limit=5` })
  expect(seen.findLast(({ url }) => url === `${path}?limit=5`)?.headers).toMatchObject({
    'x-remote-user': 'kubernetes-admin',
  })
  await expect(ask('/sunk')).rejects.toMatchObject({ code: 404, message: 'ships.sea.example.com "sunk" not found' })
  await expect(ask('/nowhere')).rejects.toMatchObject({
    code: 404,
    message: 'the server could not find the requested resource',
  })
  await api.client.delete(services, { namespace: 'harbour', name: 'ships' })
  await untilAvailable('ServiceNotFound')
  await expect(ask('')).rejects.toMatchObject({ code: 503, message: 'service unavailable' })
})

it('lists its resources in both forms of discovery', async () => {
  await openPort()
  await register()
  await untilAvailable('Passed')
  const groups = (await get('/apis')).body as { groups: { name: string; versions: unknown[] }[] }
  expect(groups.groups.find(({ name }) => name === 'sea.example.com')?.versions).toEqual([
    { groupVersion: 'sea.example.com/v1', version: 'v1' },
  ])
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const list = (await get('/apis', { accept })).body as { items: { metadata: { name?: string } }[] }
  expect(list.items.find(({ metadata }) => metadata.name === 'sea.example.com')).toMatchObject({
    versions: [{ version: 'v1', resources: [{ resource: 'ships', subresources: [{ subresource: 'status' }] }] }],
  })
  await api.client.delete(apiServices, { name: 'v1.sea.example.com' })
  await expect.poll(async () => JSON.stringify((await get('/apis')).body)).not.toContain('sea.example.com')
})

it('includes its types in both OpenAPI documents until it is deleted', async () => {
  await openPort()
  await register()
  interface Documents {
    paths: Record<string, { serverRelativeURL: string }>
    definitions: Record<string, unknown>
  }
  const read = async (path: string): Promise<Documents> => (await get(path)).body as Documents
  await expect
    .poll(async () => (await read('/openapi/v3')).paths['apis/sea.example.com/v1']?.serverRelativeURL)
    .toMatch(/^\/openapi\/v3\/apis\/sea.example.com\/v1\?hash=/)
  expect((await get('/openapi/v3/apis/sea.example.com/v1')).body).toEqual(pages['/openapi/v3/apis/sea.example.com/v1'])
  const v2 = await read('/openapi/v2')
  expect(v2.definitions['com.example.Ship']).toEqual(shipSchema)
  expect(v2.definitions['io.k8s.api.core.v1.Pod']).toBeTruthy()
  expect(Object.keys(v2.paths)).toContain('/apis/sea.example.com/v1/ships')
  expect(Object.keys(v2.paths)).not.toContain('/elsewhere')
  const agent = new Agent({ connect: { ca: api.ca } })
  const protobuf = await request(`${api.url}/openapi/v2`, {
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${api.token}`,
      accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    },
  })
  expect(Buffer.from(await protobuf.body.arrayBuffer()).includes('com.example.Ship')).toBe(true)
  await agent.close()
  await api.client.delete(apiServices, { name: 'v1.sea.example.com' })
  await expect.poll(async () => JSON.stringify(await read('/openapi/v2'))).not.toContain('com.example.Ship')
  expect((await read('/openapi/v3')).paths['apis/sea.example.com/v1']).toBeUndefined()
})

it('is unavailable without its service, and reports it in a condition', async () => {
  await register()
  await untilAvailable('ServiceNotFound')
  const { code, body } = await get('/apis/sea.example.com/v1/ships')
  expect(code).toBe(503)
  expect((body as Status).message).toBe('service unavailable')
})

it('is refused when its name is not its version and group', async () => {
  const bad = api.client.create(apiServices, {
    metadata: { name: 'wrong' },
    spec: { group: 'a.example.com', version: 'v1', groupPriorityMinimum: 0, versionPriority: 1 },
  })
  await expect(bad).rejects.toMatchObject({
    status: { details: { causes: [{ field: 'metadata.name' }, { field: 'spec.groupPriorityMinimum' }] } },
  })
})

it('registers every group version of this server as available', async () => {
  await ensureLocalApiServices({ client: api.client, kinds })
  await expect
    .poll(async () => {
      const { items } = await api.client.list(apiServices)
      return items
        .filter(({ status }) => status?.conditions?.[0]?.reason === 'Local')
        .map(({ metadata }) => metadata.name)
    })
    .toEqual(expect.arrayContaining(['v1.', 'v1.apps', 'v1.apiregistration.k8s.io']))
})

it('takes over a group version that this server serves too, and gives it back', async () => {
  const name = 'v1beta1.metrics.k8s.io'
  const path = '/apis/metrics.k8s.io/v1beta1'
  const resourcesOf = async () =>
    ((await get(path)).body as { resources?: { name: string }[] }).resources?.map((one) => one.name)
  const listed = async () => {
    const { body } = await get('/apis', {
      accept: 'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
    })
    const { items } = body as { items: { metadata: { name: string }; versions: { resources: unknown[] }[] }[] }
    return items
      .filter(({ metadata }) => metadata.name === 'metrics.k8s.io')
      .map(({ versions }) => versions.map(({ resources }) => resources.length))
  }
  const inOpenApi = async () =>
    Object.keys(((await get('/openapi/v2')).body as { paths: object }).paths).some((each) => each.startsWith(path))
  expect(await resourcesOf()).toEqual(['nodes', 'pods'])
  expect(await listed()).toEqual([[2]])
  expect(await inOpenApi()).toBe(true)

  pages[path] = { ...discovery, groupVersion: 'metrics.k8s.io/v1beta1', resources: discovery.resources.slice(0, 1) }
  await api.client.create(apiServices, {
    metadata: { name },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { namespace: 'harbour', name: 'ships' },
      caBundle,
    },
  })
  await expect.poll(listed).toEqual([])
  expect((await get(`${path}/nodes`)).code).toBe(503)
  await openPort()
  await expect.poll(listed).toEqual([[1]])
  expect((await get(`${path}/nodes`)).body).toMatchObject({ kind: 'ShipList' })
  expect(await inOpenApi()).toBe(false)

  await api.client.delete(apiServices, { name })
  await expect.poll(listed).toEqual([[2]])
  expect(await resourcesOf()).toEqual(['nodes', 'pods'])
  expect(await inOpenApi()).toBe(true)
})
