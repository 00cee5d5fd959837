import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { endpointsOf, sliceEndpointsOf } from '../support/network.ts'
import { podsOf } from '../support/pods.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import { pause } from '../support/workloads.ts'

/** What follows from a Service and the pods that match it: Endpoints and EndpointSlices. */

const server = await simulatedServer()
const { api } = server
const pods = await podsOf(server)
const services = `${pods.root}/services`
const slices = `/apis/discovery.k8s.io/v1/namespaces/${pods.namespace}/endpointslices`
const slicesOf = async (service: string): Promise<Wire[]> =>
  (await api.get(slices, { labelSelector: `kubernetes.io/service-name=${service}` })).items

const create = async (spec: object): Promise<string> =>
  (await api.create(services, { metadata: { name: uniqueName('service') }, spec })).metadata.name

type Look = (service: string) => Promise<string[]>
const looks: Record<'Endpoints' | 'EndpointSlices', Look> = {
  Endpoints: (service) => endpointsOf(api, pods.namespace, service),
  EndpointSlices: (service) => sliceEndpointsOf(api, pods.namespace, service),
}

/** One Service selects one of two pods, another selects both, by ports that only one of them has each. */
async function expectMatching(look: Look): Promise<void> {
  const shared = uniqueName('shared')
  const start = (label: string, name: string, containerPort: number): Promise<string> =>
    pods.create(
      { containers: [{ name: 'main', image: pause, ports: [{ name, containerPort }] }] },
      { labels: { [label]: 'true', shared } },
    )
  const [first, second] = [await start('pod1', 'example-name', 3000), await start('pod2', 'other-port', 3001)]
  const named = (name: string, port: number, targetPort: string): object => ({ name, port, targetPort })
  const one = await create({ selector: { pod1: 'true', shared }, ports: [named('example', 80, 'example-name')] })
  const both = await create({
    selector: { shared },
    ports: [named('http80', 80, 'example-name'), named('http81', 81, 'other-port')],
  })
  const eachHas = async (wanted: Record<string, string[]>): Promise<void> => {
    for (const [service, ends] of Object.entries(wanted))
      await eventually(`endpoints of ${service}`, async () => {
        expect(await look(service)).toEqual([...ends].sort())
        return true
      })
  }
  await eachHas({ [one]: [`${first}:3000`], [both]: [`${first}:3000`, `${second}:3001`] })
  await api.delete(pods.at(first))
  await eachHas({ [one]: [], [both]: [`${second}:3001`] })
}

test.concurrent(
  '[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]',
  async () => {
    await expectMatching(looks.EndpointSlices)
    await expectMatching(looks.Endpoints)
  },
)

test.concurrent(
  '[sig-network] EndpointsController should create Endpoints for Pods matching a Service [Conformance]',
  () => expectMatching(looks.Endpoints),
)

const nobody = { selector: { 'does-not-match-anything': 'true' }, ports: [{ name: 'example', port: 80 }] }

test.concurrent(
  '[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods [Conformance]',
  async () => {
    const service = await create(nobody)
    await eventually('an empty slice', async () => {
      const [slice, ...more] = await slicesOf(service)
      expect([slice.endpoints ?? [], more]).toEqual([[], []])
      expect(slice.metadata.ownerReferences).toMatchObject([{ kind: 'Service', name: service, controller: true }])
      return true
    })
    await api.delete(`${services}/${service}`)
    await eventually('the slice is gone', async () => (await slicesOf(service)).length === 0)
  },
)

test.concurrent(
  '[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods [Conformance]',
  async () => {
    const service = await create(nobody)
    const at = `${pods.root}/endpoints/${service}`
    await eventually('empty Endpoints', async () => {
      expect((await api.get(at)).subsets ?? []).toEqual([])
      return true
    })
    await api.delete(`${services}/${service}`)
    await eventually('the Endpoints are gone', async () => (await api.ask('GET', at)).status === 404)
  },
)

test.concurrent(
  '[sig-network] Service endpoints latency should not be very high [Conformance]',
  async ({ onTestFinished }) => {
    const labels = { app: uniqueName('latency') }
    await pods.ready(await pods.create({ containers: [{ name: 'main', image: pause }] }, { labels }))
    const watching = await api.watch(`${pods.root}/endpoints`, {}, onTestFinished)
    const waiting = new Map<string, () => void>()
    watching.follow(({ object }) => {
      if (object.subsets?.[0]?.addresses?.length) waiting.get(object.metadata.name)?.()
    })
    /** ms from the Service to its endpoint. */
    const measure = async (): Promise<number> => {
      const name = uniqueName('latency-svc')
      const reached = new Promise<void>((resolve) => waiting.set(name, resolve))
      const start = performance.now()
      await api.create(services, { metadata: { name }, spec: { selector: labels, ports: [{ port: 80 }] } })
      await reached
      return performance.now() - start
    }
    const durations: number[] = []
    for (let round = 0; round < 10; round++)
      durations.push(...(await Promise.all(Array.from({ length: 10 }, () => measure()))))
    durations.sort((a, b) => a - b)
    expect(durations).toHaveLength(100)
    expect(durations[50]).toBeLessThan(20_000)
    expect(durations[90]).toBeLessThan(50_000)
  },
)
