import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { clientIn, networkServer, untilEndpoints } from '../support/network.ts'
import { podsOf } from '../support/pods.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'

/** Services as a pod meets them: by name, by cluster IP and by node port. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)
const services = `${pods.root}/services`

/** Three replicas that the Services of these tests lead to, and a client. */
const selector = { app: 'backend' }
const started = await Promise.all([
  ...[1, 2, 3].map(() => pods.create({ containers: [networkServer()] }, { labels: selector })),
  pods.create({ containers: [networkServer()] }),
])
for (const name of started) await pods.ready(name)
const backends = started.slice(0, 3)
const client = clientIn(api, pods, started[3] ?? '')

const nodeIps: string[] = (await api.get('/api/v1/nodes')).items.flatMap(({ status }: Wire) =>
  status.addresses.filter(({ type }: Wire) => /^(In|Ex)ternalIP$/.test(type)).map(({ address }: Wire) => address),
)

/** @returns the Service, at port 80 unless the spec says otherwise */
const create = (spec: object): Promise<Wire> =>
  api.create(services, {
    metadata: { name: uniqueName('service') },
    spec: { selector, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  })
const at = ({ metadata }: Wire): string => `${services}/${metadata.name as string}`
const fullName = ({ metadata }: Wire): string => `${metadata.name as string}.${pods.namespace}.svc.cluster.local`

/** Every way to a Service that is not external. */
function waysTo({ metadata, spec }: Wire): { host: string; port: number }[] {
  const [{ port, nodePort }] = spec.ports
  return [
    { host: metadata.name, port },
    { host: spec.clusterIP, port },
    ...(spec.type === 'NodePort' ? nodeIps.map((host) => ({ host, port: nodePort })) : []),
  ]
}
async function expectReachable(service: Wire, names: readonly string[] = backends): Promise<void> {
  for (const way of waysTo(service)) await client.reaches(way, names)
}

/** An external Service, which stands for another of the cluster. */
async function external(): Promise<{ service: Wire; target: Wire }> {
  const target = await create({})
  const service = await create({
    type: 'ExternalName',
    externalName: fullName(target),
    selector: undefined,
    ports: undefined,
  })
  expect(service.spec.clusterIP).toBeUndefined()
  return { service, target }
}
async function expectExternal(service: Wire, target: Wire): Promise<void> {
  const { spec } = await api.get(at(service))
  expect([spec.type, spec.clusterIP]).toEqual(['ExternalName', undefined])
  await client.resolves(fullName(service), [fullName(target)], 'CNAME')
  await client.resolves(fullName(service), [target.spec.clusterIP])
}

test.concurrent(
  '[sig-network] Services should be able to change the type from ExternalName to ClusterIP [Conformance]',
  async () => {
    const { service, target } = await external()
    await expectExternal(service, target)
    const changed = await api.change(at(service), (object) => {
      delete object.spec.externalName
      Object.assign(object.spec, { type: 'ClusterIP', selector, ports: [{ port: 80, targetPort: 8080 }] })
    })
    expect(changed.spec.clusterIP).toMatch(/^10\./)
    await expectReachable(changed)
  },
)

test.concurrent(
  '[sig-network] Services should be able to change the type from ExternalName to NodePort [Conformance]',
  async () => {
    const { service, target } = await external()
    await expectExternal(service, target)
    const changed = await api.change(at(service), (object) => {
      delete object.spec.externalName
      Object.assign(object.spec, { type: 'NodePort', selector, ports: [{ port: 80, targetPort: 8080 }] })
    })
    expect(changed.spec.clusterIP).toMatch(/^10\./)
    expect(changed.spec.ports[0].nodePort).toBeGreaterThanOrEqual(30_000)
    await expectReachable(changed)
  },
)

test.concurrent(
  '[sig-network] Services should be able to change the type from ClusterIP to ExternalName [Conformance]',
  async () => {
    const [service, target] = [await create({ type: 'ClusterIP' }), await create({})]
    expect(service.spec.clusterIP).toMatch(/^10\./)
    await expectReachable(service)
    await api.change(at(service), ({ spec }) => {
      Object.assign(spec, { type: 'ExternalName', externalName: fullName(target) })
    })
    await expectExternal(service, target)
    await client.reachesNobody({ host: service.spec.clusterIP, port: 80 })
  },
)

test.concurrent(
  '[sig-network] Services should be able to change the type from NodePort to ExternalName [Conformance]',
  async () => {
    const [service, target] = [await create({ type: 'NodePort' }), await create({})]
    const [{ nodePort }] = service.spec.ports
    await expectReachable(service)
    await api.change(at(service), ({ spec }) => {
      Object.assign(spec, { type: 'ExternalName', externalName: fullName(target) })
    })
    await expectExternal(service, target)
    // The port is free: another Service may have it.
    expect((await api.get(at(service))).spec.ports[0].nodePort).toBeUndefined()
    const next = await create({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort }] })
    expect(next.spec.ports[0].nodePort).toBe(nodePort)
  },
)

test.concurrent(
  '[sig-network] Services should be able to create a functioning NodePort service [Conformance]',
  async () => {
    const service = await create({ type: 'NodePort' })
    expect(nodeIps.length).toBeGreaterThanOrEqual(2)
    expect(waysTo(service)).toHaveLength(2 + nodeIps.length)
    await expectReachable(service)
    for (const way of waysTo(service)) await client.reachesAll(way, backends)
  },
)

type Way = { host: string; port: number }
/** All requests of a client reach the same replica. */
const expectSticky = (way: Way): Promise<unknown> =>
  eventually(`one replica answers at ${way.host}:${way.port}`, async () => {
    const answers = new Set(await client.dial(way, 15))
    expect([...answers].filter((name) => !backends.includes(name))).toEqual([])
    return answers.size === 1
  })

/** The name and the cluster IP, and the first node's port. */
async function expectAffinity(type: 'ClusterIP' | 'NodePort'): Promise<Wire> {
  const service = await create({ type, sessionAffinity: 'ClientIP' })
  const ways = waysTo(service)
  await expectReachable(service)
  for (const way of ways.slice(0, type === 'NodePort' ? 3 : 2)) await expectSticky(way)
  return service
}

async function expectSwitchedAffinity(type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const service = await expectAffinity(type)
  const way = waysTo(service)[type === 'NodePort' ? 2 : 1] ?? expect.fail('no such way')
  await api.change(at(service), ({ spec }) => {
    spec.sessionAffinity = 'None'
    delete spec.sessionAffinityConfig
  })
  await client.reachesAll(way, backends)
  await api.change(at(service), ({ spec }) => (spec.sessionAffinity = 'ClientIP'))
  await expectSticky(way)
  await expectReachable(service)
}

test.concurrent(
  '[sig-network] Services should have session affinity work for service with type clusterIP [LinuxOnly] [Conformance]',
  async () => void (await expectAffinity('ClusterIP')),
)

test.concurrent(
  '[sig-network] Services should have session affinity work for NodePort service [LinuxOnly] [Conformance]',
  async () => void (await expectAffinity('NodePort')),
)

test.concurrent(
  '[sig-network] Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] [Conformance]',
  () => expectSwitchedAffinity('ClusterIP'),
)

test.concurrent(
  '[sig-network] Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]',
  () => expectSwitchedAffinity('NodePort'),
)

test.concurrent('[sig-network] Services should serve a basic endpoint from pods [Conformance]', async () => {
  const labels = { app: uniqueName('basic') }
  const service = await create({ selector: labels, ports: [{ port: 80, targetPort: 80 }] })
  const { name } = service.metadata
  const endpoints = (pods_: string[]): Promise<void> =>
    untilEndpoints(
      api,
      pods.namespace,
      name,
      pods_.map((pod) => `${pod}:80`),
    )
  const start = async (): Promise<string> => {
    const pod = await pods.create({ containers: [networkServer({ HTTP_PORT: '80' })] }, { labels })
    await pods.ready(pod)
    return pod
  }
  await endpoints([])
  const first = await start()
  await endpoints([first])
  await expectReachable(service, [first])
  const second = await start()
  await endpoints([first, second])
  for (const way of waysTo(service)) await client.reachesAll(way, [first, second])
  await api.delete(pods.at(first))
  await endpoints([second])
  for (const way of waysTo(service)) await client.reachesAll(way, [second])
  await api.delete(pods.at(second))
  await endpoints([])
  await client.reachesNobody({ host: service.spec.clusterIP, port: 80 })
})

test.concurrent('[sig-network] Services should serve multiport endpoints from pods [Conformance]', async () => {
  const labels = { app: uniqueName('multi') }
  const service = await create({
    selector: labels,
    ports: [
      { name: 'portname1', port: 80, targetPort: 'portname1' },
      { name: 'portname2', port: 81, targetPort: 'portname2' },
    ],
  })
  const { name } = service.metadata
  const endpoints = (wanted: string[]): Promise<void> => untilEndpoints(api, pods.namespace, name, wanted)
  const start = async (portName: string, containerPort: number): Promise<string> => {
    const container = networkServer({ HTTP_PORT: String(containerPort) })
    const pod = await pods.create(
      { containers: [{ ...container, ports: [{ name: portName, containerPort }] }] },
      { labels },
    )
    await pods.ready(pod)
    return pod
  }
  await endpoints([])
  const first = await start('portname1', 100)
  await endpoints([`${first}:100`])
  const second = await start('portname2', 101)
  await endpoints([`${first}:100`, `${second}:101`])
  for (const host of [name, service.spec.clusterIP]) {
    await client.reachesAll({ host, port: 80 }, [first])
    await client.reachesAll({ host, port: 81 }, [second])
  }
  await api.delete(pods.at(first))
  await endpoints([`${second}:101`])
  await client.reachesNobody({ host: name, port: 80 })
  await client.reachesAll({ host: name, port: 81 }, [second])
  await api.delete(pods.at(second))
  await endpoints([])
})

test.concurrent(
  '[sig-network] Services should serve endpoints on same port and different protocols [Conformance]',
  async () => {
    const tcp = { name: 'tcp', port: 80, protocol: 'TCP', targetPort: 8080 }
    const udp = { name: 'udp', port: 80, protocol: 'UDP', targetPort: 8081 }
    const service = await create({ ports: [tcp, udp] })
    const way = { host: service.spec.clusterIP, port: 80 }
    await client.reaches(way, backends)
    await client.reaches({ ...way, protocol: 'udp' }, backends)
    await api.change(at(service), ({ spec }) => (spec.ports = [tcp]))
    await client.reachesNobody({ ...way, protocol: 'udp' })
    await client.reaches(way, backends)
    await api.change(at(service), ({ spec }) => (spec.ports = [udp]))
    await client.reachesNobody(way)
    await client.reaches({ ...way, protocol: 'udp' }, backends)
  },
)
