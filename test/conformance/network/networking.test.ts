import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { clientIn, networkServer, type Client } from '../support/network.ts'
import { podsOf } from '../support/pods.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'

/** Pods, nodes and host ports reach each other; EndpointSlices written by hand lead a Service's connections. */

const server = await serverWithWorkers()
const { api } = server
const pods = await podsOf(server)

const nodes: Wire[] = (await api.get('/api/v1/nodes')).items
const hostOf = ({ metadata }: Wire): object => ({ 'kubernetes.io/hostname': metadata.labels['kubernetes.io/hostname'] })
/** Ports of the pod in its node's network, beside those of other test runs' pods. */
const hostHttp = 18_080

/** An endpoint on each node, a client in the pod network, and one in the first node's. */
const started = await Promise.all([
  ...nodes.map((node) => pods.create({ nodeSelector: hostOf(node), containers: [networkServer()] })),
  pods.create({ nodeSelector: hostOf(nodes[0]), containers: [networkServer()] }),
  pods.create({
    nodeSelector: hostOf(nodes[0]),
    hostNetwork: true,
    containers: [networkServer({ HTTP_PORT: String(hostHttp), UDP_PORT: '18081' })],
  }),
])
const running = await Promise.all(started.map((name) => pods.ready(name)))
const endpoints = running.slice(0, nodes.length)
const client = clientIn(api, pods, started[nodes.length] ?? '')
const hostClient = clientIn(api, pods, started[nodes.length + 1] ?? '', hostHttp)

/** Every endpoint, on whichever node, answers with its own name. */
async function expectEveryEndpoint(from: Client, protocol: 'http' | 'udp'): Promise<void> {
  expect(new Set(endpoints.map(({ spec }) => spec.nodeName)).size).toBe(nodes.length)
  for (const { metadata, status } of endpoints)
    await from.reachesAll({ host: status.podIP, port: protocol === 'http' ? 8080 : 8081, protocol }, [metadata.name])
}

test.concurrent(
  '[sig-network] Networking Granular Checks: Pods should function for intra-pod communication: http [NodeConformance] [Conformance]',
  () => expectEveryEndpoint(client, 'http'),
)

test.concurrent(
  '[sig-network] Networking Granular Checks: Pods should function for intra-pod communication: udp [NodeConformance] [Conformance]',
  () => expectEveryEndpoint(client, 'udp'),
)

test.concurrent(
  '[sig-network] Networking Granular Checks: Pods should function for node-pod communication: http [LinuxOnly] [NodeConformance] [Conformance]',
  () => expectEveryEndpoint(hostClient, 'http'),
)

test.concurrent(
  '[sig-network] Networking Granular Checks: Pods should function for node-pod communication: udp [LinuxOnly] [NodeConformance] [Conformance]',
  () => expectEveryEndpoint(hostClient, 'udp'),
)

test.concurrent(
  '[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly] [Conformance]',
  async () => {
    const hostPort = 54_323
    const { hostIP } = running.at(-1)?.status ?? {}
    const start = async (port: object): Promise<string> => {
      const container = { ...networkServer(), ports: [{ hostPort, ...port }] }
      const name = await pods.create({ nodeSelector: hostOf(nodes[0]), containers: [container] })
      const { status, spec } = await pods.ready(name)
      expect([spec.nodeName, status.hostIP]).toEqual([nodes[0].metadata.name, hostIP])
      return name
    }
    const first = await start({ containerPort: 8080, protocol: 'TCP', hostIP: '127.0.0.1' })
    const second = await start({ containerPort: 8080, protocol: 'TCP', hostIP })
    const third = await start({ containerPort: 8081, protocol: 'UDP', hostIP })
    await hostClient.reachesAll({ host: '127.0.0.1', port: hostPort, from: hostIP }, [first])
    await hostClient.reachesAll({ host: hostIP, port: hostPort }, [second])
    await hostClient.reachesAll({ host: hostIP, port: hostPort, protocol: 'udp' }, [third])
  },
)

/** A Service without selector. @returns its name */
async function withSlices(slices: { addresses: string[]; ports: object[] }[]): Promise<string> {
  const name = uniqueName('slices')
  await api.create(`${pods.root}/services`, {
    metadata: { name },
    spec: {
      ports: [
        { name: 'port80', port: 80, protocol: 'TCP' },
        { name: 'port81', port: 81, protocol: 'TCP' },
      ],
    },
  })
  for (const { addresses, ports } of slices)
    await api.create(`/apis/discovery.k8s.io/v1/namespaces/${pods.namespace}/endpointslices`, {
      metadata: {
        generateName: `${name}-`,
        labels: {
          'kubernetes.io/service-name': name,
          'endpointslice.kubernetes.io/managed-by': 'conformance.example.com',
        },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses }],
      ports,
    })
  return name
}

test.concurrent(
  '[sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices [Conformance]',
  async () => {
    const names = [started[0] ?? '', await pods.create({ containers: [networkServer({ HTTP_PORT: '3001' })] })] as const
    const [first, second] = [await pods.ready(names[0]), await pods.ready(names[1])]
    const service = await withSlices([
      { addresses: [first.status.podIP], ports: [{ name: 'port80', port: 8080, protocol: 'TCP' }] },
      { addresses: [second.status.podIP], ports: [{ name: 'port81', port: 3001, protocol: 'TCP' }] },
    ])
    await client.reachesAll({ host: service, port: 80 }, [names[0]])
    await client.reachesAll({ host: service, port: 81 }, [names[1]])
  },
)

test.concurrent(
  '[sig-network] EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices [Conformance]',
  async () => {
    // Both ports are one pod's: two containers answer, each at its own.
    const other = { ...networkServer({ HTTP_PORT: '3001', UDP_PORT: '3002' }), name: 'other', ports: [] }
    const name = await pods.create({ containers: [networkServer(), other] })
    const { podIP } = (await pods.ready(name)).status
    const service = await withSlices([
      { addresses: [podIP], ports: [{ name: 'port80', port: 8080, protocol: 'TCP' }] },
      { addresses: [podIP], ports: [{ name: 'port81', port: 3001, protocol: 'TCP' }] },
    ])
    await client.reachesAll({ host: service, port: 80 }, [name])
    await client.reachesAll({ host: service, port: 81 }, [name])
  },
)
