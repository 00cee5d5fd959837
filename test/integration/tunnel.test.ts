import { createServer, type AddressInfo, type Server } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTunnelServer, type TunnelServer } from '#agent/tunnel/server.ts'
import { createPki, type Pki } from '#main/cluster/apiserver/auth/pki.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createTunnels, type Tunnels } from '#main/cluster/network/tunnel.ts'

let dir: string
let pki: Pki
let agent: TunnelServer
let tunnels: Tunnels
let api: Server
let port: number
let apiPort: number

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-tunnel-'))
  pki = await createPki({ dir, clock: systemClock })
  // Stands for the API server: greets, then answers in capitals.
  api = createServer((socket) => {
    socket.write('hello ')
    socket.on('data', (data) => socket.end(data.toString().toUpperCase()))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', () => resolve()))
  ;[port, apiPort] = [await freePort(), await freePort()]
  const node = await pki.issueNode('worker-1')
  agent = await startAgent(node.server)
  tunnels = createTunnels({
    tls: { ca: pki.ca, ...pki.host },
    apiServerPort: () => (api.address() as AddressInfo).port,
    fetchImage: async (reference) => (reference === 'busybox:1.36' ? Readable.from(['a tar']) : undefined),
    clock: systemClock,
    log: silentLog,
  })
  tunnels.open('worker-1', port)
  await tunnels.up('worker-1', AbortSignal.timeout(5_000))
})
afterEach(async () => {
  await tunnels.stop()
  await agent.stop()
  await new Promise((resolve) => api.close(resolve))
  await rm(dir, { recursive: true })
})

const startAgent = (serving: { cert: string; key: string }): Promise<TunnelServer> =>
  createTunnelServer({
    port,
    apiPort,
    tls: { ca: pki.ca, ...serving },
    log: silentLog,
    onKubeletRequest(stream, headers) {
      stream.respond({ ':status': headers[':path'] === '/healthz' ? 200 : 404 })
      stream.pipe(stream)
    },
  })

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

test('carries requests to the kubelet, both ways at once', async () => {
  const { status, stream } = await tunnels.request('worker-1', { method: 'POST', path: '/healthz' })
  expect(status).toBe(200)
  stream.end('there and back')
  expect(await text(stream)).toBe('there and back')
})

test('carries the worker to the API server', async () => {
  const stream = await agent.dialApiServer()
  stream.write('worker')
  expect(await text(stream)).toBe('hello WORKER')
})

test('gives the worker images of the host, or says that there is none', async () => {
  const image = await agent.fetchImage('busybox:1.36')
  expect(await text(image!)).toBe('a tar')
  expect(await agent.fetchImage('nothing:1')).toBeUndefined()
})

test('reaches into the network of the worker', async () => {
  const stream = await tunnels.connect('worker-1', `127.0.0.1:${(api.address() as AddressInfo).port}`)
  stream.write('pod')
  expect(await text(stream)).toBe('hello POD')
  await expect(tunnels.connect('worker-1', '127.0.0.1:1')).rejects.toThrow('cannot connect')
})

test('comes back by itself after the agent was restarted', async () => {
  await agent.stop()
  await expect.poll(() => tunnels.isUp('worker-1')).toBe(false)
  agent = await startAgent((await pki.issueNode('worker-1')).server)
  await tunnels.up('worker-1', AbortSignal.timeout(10_000))
  expect((await tunnels.request('worker-1', { method: 'GET', path: '/healthz', end: true })).status).toBe(200)
})

test('a client without the host certificate gets nowhere', async () => {
  const node = await pki.issueNode('intruder')
  const intruder = createTunnels({
    tls: { ca: pki.ca, ...node.client },
    apiServerPort: () => 1,
    fetchImage: async () => undefined,
    clock: systemClock,
    log: silentLog,
  })
  intruder.open('worker-1', port)
  await expect(intruder.up('worker-1', AbortSignal.timeout(1_000))).rejects.toThrow()
  await intruder.stop()
})

test('says which worker cannot be reached', async () => {
  await expect(async () => tunnels.request('worker-9', { method: 'GET', path: '/' })).rejects.toThrow('worker-9')
})
