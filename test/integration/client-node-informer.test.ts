import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let wire: Wire
let core: CoreV1Api
let config: KubeConfig
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 0 })
  wire = await startWire(new URL(cluster.plane.server))
  const direct = new KubeConfig()
  direct.loadFromString(cluster.plane.kubeconfig())
  core = direct.makeApiClient(CoreV1Api)
  config = new KubeConfig()
  config.loadFromString(cluster.plane.kubeconfig().replaceAll(cluster.plane.server, wire.url))
})
afterAll(async () => {
  wire?.stop()
  await cluster?.stop()
})

const namespace = 'default'
const make = (name: string): Promise<V1ConfigMap> =>
  core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { followed: 'yes' } } } })

it('an informer whose connection is cut takes up where it was, and misses nothing', async () => {
  const through = config.makeApiClient(CoreV1Api)
  let lists = 0
  const list = (): Promise<{ items: V1ConfigMap[] }> => {
    lists++
    return through.listNamespacedConfigMap({ namespace, labelSelector: 'followed' })
  }
  const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, list, 'followed')
  const events: string[] = []
  for (const verb of ['add', 'delete'] as const)
    informer.on(verb, ({ metadata }) => events.push(`${verb} ${metadata?.name ?? ''}`))
  const cut = new Promise<unknown>((resolve) => informer.on('error', resolve))
  await make('before')
  await informer.start()
  await make('during')
  await expect.poll(() => events, { timeout: 20_000 }).toEqual(['add before', 'add during'])

  wire.cut()
  expect(await cut).toBeInstanceOf(Error)
  await make('while-cut')
  await core.deleteNamespacedConfigMap({ namespace, name: 'before' })
  expect(events).toHaveLength(2)

  wire.mend()
  await informer.start()
  await expect
    .poll(() => events, { timeout: 20_000 })
    .toEqual(['add before', 'add during', 'add while-cut', 'delete before'])
  expect(lists).toBe(1)
  await informer.stop()
})

/** The network between a client and the API server. */
interface Wire {
  url: string
  /** Ends every connection without a word, and refuses new ones. */
  cut(): void
  mend(): void
  stop(): void
}

async function startWire(to: URL): Promise<Wire> {
  const sockets = new Set<Socket>()
  let whole = true
  const server: Server = createServer((near) => {
    if (!whole) return void near.destroy()
    const far = connect(Number(to.port), to.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => undefined)
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const cut = (): void => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend() {
      whole = true
    },
    stop() {
      cut()
      server.close()
    },
  }
}
