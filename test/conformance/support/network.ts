import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'
import type { Pods } from './pods.ts'
import { testServer } from './workloads.ts'

/** Pods that answer and that ask others, by network-server.mjs; what they ask comes to them by the pods' proxy. */

const program = readFileSync(new URL('network-server.mjs', import.meta.url), 'utf8')

/** A container that answers over HTTP (8080) and UDP (8081) with its pod's name, ready when it does. */
export function networkServer(environment: Record<string, string> = {}): Wire {
  const http = Number(environment.HTTP_PORT ?? 8080)
  const udp = Number(environment.UDP_PORT ?? 8081)
  return {
    name: 'main',
    image: testServer,
    command: ['node', '--input-type=module', '-e', program],
    env: Object.entries(environment).map(([name, value]) => ({ name, value })),
    ports: [
      { name: 'http', containerPort: http },
      { name: 'udp', containerPort: udp, protocol: 'UDP' },
    ],
    readinessProbe: { httpGet: { port: http, path: '/hostname' }, periodSeconds: 1 },
  }
}

export interface Address {
  host: string
  port: number
  protocol?: 'http' | 'udp'
  /** Address of the client. */
  from?: string
}

type RecordType = 'A' | 'CNAME' | 'PTR' | 'SRV'

/** A pod that asks others. */
export interface Client {
  name: string
  /** @returns the names that answered, and the errors */
  dial(address: Address, times?: number): Promise<string[]>
  /** Waits until one of these answers. */
  reaches(address: Address, names: readonly string[]): Promise<void>
  /** Waits until each of these has answered and nothing else does. */
  reachesAll(address: Address, names: readonly string[]): Promise<void>
  /** Waits until no pod answers. */
  reachesNobody(address: Address): Promise<void>
  /** @returns the data of the records, over UDP and TCP alike */
  resolve(name: string, type?: RecordType): Promise<string[]>
  /** Waits until the name has just these records. */
  resolves(name: string, records: readonly string[], type?: RecordType): Promise<void>
  /** @returns the addresses that the pod's own name service has */
  lookup(name: string): Promise<string[]>
}

/** @param port where the pod answers over HTTP */
export function clientIn(api: Api, pods: Pods, name: string, port = 8080): Client {
  const ask = async (action: string, query: Record<string, string | number | undefined>): Promise<string[]> => {
    const { status, text } = await api.ask('GET', `${pods.at(name)}:${port}/proxy/${action}`, { query })
    if (status !== 200) throw new Error(`${action} of ${name}: ${status} ${text}`)
    return JSON.parse(text) as string[]
  }
  const client: Client = {
    name,
    dial: ({ protocol = 'http', ...address }, times = 1) => ask('dial', { protocol, times, ...address }),
    async reaches(address, names) {
      await eventually(`${show(address)} is reached`, async () => {
        const [answer = ''] = await client.dial(address)
        if (!names.includes(answer)) throw new Error(answer)
        return true
      })
    },
    async reachesAll(address, names) {
      await eventually(`${show(address)} leads to ${names.join()}`, async () => {
        const answers = new Set(await client.dial(address, 15))
        expect([...answers].sort()).toEqual([...names].sort())
        return true
      })
    },
    async reachesNobody(address) {
      await eventually(`${show(address)} leads nowhere`, async () => {
        // What is in front of the cluster may take a connection to an address that nobody has; it says nothing.
        const [answer = ''] = await client.dial(address)
        return answer === '' || answer.startsWith('failed: ')
      })
    },
    async resolve(name, type = 'A') {
      const [udp = [], tcp = []] = await Promise.all(
        ['udp', 'tcp'].map((protocol) => ask('resolve', { name, type, protocol })),
      )
      expect(tcp.sort()).toEqual(udp.sort())
      return udp
    },
    async resolves(name, records, type) {
      await eventually(`${name} is resolved`, async () => {
        expect(await client.resolve(name, type)).toEqual([...records].sort())
        return true
      })
    },
    lookup: (name) => ask('lookup', { name }),
  }
  return client
}

const show = ({ host, port, protocol = 'http' }: Address): string => `${protocol}://${host}:${port}`

/** Waits until the Service has just these endpoints, `pod:port`, in its Endpoints and in its EndpointSlices alike. */
export async function untilEndpoints(
  api: Api,
  namespace: string,
  service: string,
  wanted: readonly string[],
): Promise<void> {
  await eventually(`endpoints of ${service}: ${wanted.join() || 'none'}`, async () => {
    expect(await endpointsOf(api, namespace, service)).toEqual([...wanted].sort())
    expect(await sliceEndpointsOf(api, namespace, service)).toEqual([...wanted].sort())
    return true
  })
}

/** What its Endpoints have, `pod:port`. */
export async function endpointsOf(api: Api, namespace: string, service: string): Promise<string[]> {
  const { subsets = [] } = await api.get(`/api/v1/namespaces/${namespace}/endpoints/${service}`)
  return subsets.flatMap(({ addresses = [], ports = [] }: Wire) => pairsOf(addresses, ports)).sort()
}

/** What its EndpointSlices have, `pod:port`; there must be a slice, be it empty. */
export async function sliceEndpointsOf(api: Api, namespace: string, service: string): Promise<string[]> {
  const { items } = await api.get(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    labelSelector: `kubernetes.io/service-name=${service}`,
  })
  expect(items).not.toEqual([])
  return items
    .flatMap(({ endpoints, ports }: Wire) =>
      pairsOf(
        (endpoints ?? []).filter(({ conditions }: Wire) => conditions.ready),
        ports ?? [],
      ),
    )
    .sort()
}

const pairsOf = (ends: Wire[], ports: Wire[]): string[] =>
  ends.flatMap(({ targetRef }) => ports.map(({ port }) => `${targetRef.name}:${port}`))
