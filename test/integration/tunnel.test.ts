import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDatagramReader, frameDatagram } from '#shared/base/datagrams.ts'
import { startTunnel, type TestTunnel } from '#test/support/tunnel.ts'

let tunnel: TestTunnel
let api: Server

beforeEach(async () => {
  // Stands for the API server: greets, then answers in capitals.
  api = createServer((socket) => {
    socket.write('hello ')
    socket.on('data', (data) => socket.end(data.toString().toUpperCase()))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', () => resolve()))
  tunnel = await startTunnel({
    apiServerPort: () => (api.address() as AddressInfo).port,
    fetchImage: async (reference) => (reference === 'busybox:1.36' ? Readable.from(['a tar']) : undefined),
    onKubeletRequest(stream, headers) {
      stream.respond({ ':status': headers[':path'] === '/healthz' ? 200 : 404 })
      stream.pipe(stream)
    },
  })
})
afterEach(async () => {
  await tunnel.stop()
  await new Promise((resolve) => api.close(resolve))
})

test('carries requests to the kubelet, both ways at once', async () => {
  const { status, stream } = await tunnel.tunnels.request('worker-1', { method: 'POST', path: '/healthz' })
  expect(status).toBe(200)
  stream.end('there and back')
  expect(await text(stream)).toBe('there and back')
})

test('carries the worker to the API server', async () => {
  const stream = await tunnel.agent.dialApiServer()
  stream.write('worker')
  expect(await text(stream)).toBe('hello WORKER')
})

test('gives the worker images of the host, or says that there is none', async () => {
  const image = await tunnel.agent.fetchImage('busybox:1.36')
  expect(image && (await text(image))).toBe('a tar')
  expect(await tunnel.agent.fetchImage('nothing:1')).toBeUndefined()
})

test('reaches into the network of the worker', async () => {
  const stream = await tunnel.tunnels.connect('worker-1', `127.0.0.1:${(api.address() as AddressInfo).port}`)
  stream.write('pod')
  expect(await text(stream)).toBe('hello POD')
  await expect(tunnel.tunnels.connect('worker-1', '127.0.0.1:1')).rejects.toThrow('cannot connect')
})

test('carries datagrams into the network of the worker', async () => {
  const echo = createSocket('udp4')
  echo.on('message', (content, from) => echo.send(`got ${content.toString()}`, from.port, from.address))
  echo.bind(0, '127.0.0.1')
  await once(echo, 'listening')
  const stream = await tunnel.tunnels.connect('worker-1', `127.0.0.1:${echo.address().port}`, 'UDP')
  const answers: string[] = []
  stream.on(
    'data',
    createDatagramReader((content) => void answers.push(Buffer.from(content).toString())),
  )
  stream.write(frameDatagram(Buffer.from('one')))
  stream.write(frameDatagram(Buffer.from('two')))
  await expect.poll(() => answers).toEqual(['got one', 'got two'])
  // A port that answers «unreachable» ends the stream, so that the next datagram finds another back end.
  const closed = once(stream, 'close')
  echo.close()
  await once(echo, 'close')
  stream.write(frameDatagram(Buffer.from('three')))
  stream.resume()
  await closed
})

test('comes back by itself after the agent was restarted', async () => {
  await tunnel.restartAgent((await tunnel.pki.issueNode('worker-1')).server)
  await expect
    .poll(async () => {
      try {
        return (await tunnel.tunnels.request('worker-1', { method: 'GET', path: '/healthz', end: true })).status
      } catch {
        return undefined
      }
    })
    .toBe(200)
})

test('says which worker cannot be reached', async () => {
  await expect(async () => tunnel.tunnels.request('worker-9', { method: 'GET', path: '/' })).rejects.toThrow('worker-9')
})
