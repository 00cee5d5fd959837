import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import { endpointSlices, events, nodes, services } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createConnectionSlots } from '../connection-slots.ts'
import { startLoadBalancers } from './index.ts'

let plane: TestControlPlane
const servers: Server[] = []
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(async () => {
  await plane.stop()
  for (const server of servers.splice(0)) server.close()
})

/** A server that ends each connection with `text` after what it was sent. */
async function echo(word: string, port = 0): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void text(socket).then((got) => socket.end(`${word} ${got}`))
  }).listen(port, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
async function ask(port: number, word: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(word)
  return text(socket)
}

/** Pods are servers on this machine: the port of an endpoint is theirs. */
const dial = async (_node: string, authority: string, transport?: string): Promise<Duplex> => {
  // Framed datagrams that come back as they were sent.
  if (transport === 'UDP') return new PassThrough()
  const socket = connect({ port: Number(authority.split(':')[1]), host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}
const start = (more: object = {}) =>
  plane.start((context) => startLoadBalancers(context, { dial, slots: createConnectionSlots(100), ...more }))
const service = (ports: object[], spec: object = {}): Service =>
  ({ metadata: { name: 'web', namespace: 'default' }, spec: { type: 'LoadBalancer', ports, ...spec } }) as Service
const slice = (port: number): EndpointSlice => ({
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: '', port, protocol: 'TCP' }],
  endpoints: [{ addresses: ['10.244.0.7'], nodeName: 'w1', conditions: { ready: true } }],
})
const addNode = () => plane.client.create(nodes, { metadata: { name: 'w1' } })
const portsOf = ({ status }: Service) => status?.loadBalancer?.ingress?.[0]?.ports
const served = () => plane.untilOne(services, 'web', (one) => portsOf(one) !== undefined)
const eventOf = async (reason: string) => {
  const found = await plane.until(events, (all) => all.some((one) => one.reason === reason))
  return found.find((one) => one.reason === reason)
}

it('serves a Service at its own port, follows its endpoints, and lets it go with its port', async () => {
  const { client } = plane
  const port = await freePort()
  await addNode()
  start()
  await client.create(services, service([{ port }]))
  const made = await client.create(endpointSlices, slice(await echo('one')))
  const status = (await served()).status
  expect(status?.loadBalancer).toEqual({
    ingress: [{ ip: '127.0.0.1', ipMode: 'Proxy', ports: [{ port, protocol: 'TCP' }] }],
  })
  await expect.poll(() => ask(port, 'hello')).toBe('one hello')

  await client.update(endpointSlices, { ...made, ports: [{ name: '', port: await echo('two'), protocol: 'TCP' }] })
  await expect.poll(() => ask(port, 'again')).toBe('two again')
  expect((await eventOf('EnsuredLoadBalancer'))?.message).toBe('Ensured load balancer')
  expect((await eventOf('EnsuringLoadBalancer'))?.source?.component).toBe('service-controller')

  await client.delete(services, { namespace: 'default', name: 'web' })
  await plane.until(services, (all) => all.length === 0)
  await expect(ask(port, 'gone')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('takes the next free port, says who holds the first, and keeps its port after a restart', async () => {
  const port = await echo('other')
  await addNode()
  const stop = start({ holder: () => Promise.resolve('nginx (pid 7)') })
  await plane.client.create(services, service([{ port }]))
  const [chosen] = portsOf(await served()) ?? []
  expect(chosen?.port).toBeGreaterThan(port)
  expect((await eventOf('LoadBalancerPortTaken'))?.message).toBe(
    `Port ${port} of 127.0.0.1 is taken by nginx (pid 7); port ${chosen?.port} is used instead`,
  )
  await stop()
  await expect(ask(chosen?.port ?? 0, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  servers.splice(0).forEach((server) => server.close())
  start()
  await plane.client.create(endpointSlices, slice(await echo('kept')))
  await expect.poll(() => ask(chosen?.port ?? 0, 'me').catch(() => '')).toBe('kept me')
})

it('adds 8000 to a port that this user may not listen on', async () => {
  await addNode()
  start({ firstPermitted: 1_024 })
  await plane.client.create(services, service([{ port: 911 }]))
  const found = await served()
  expect(portsOf(found)?.[0]?.port).toBeGreaterThanOrEqual(8_911)
  expect(found.metadata.annotations?.['slipway.dev/host-ports']).toMatch(/^911\/TCP=89\d\d$/)
  expect((await eventOf('LoadBalancerPortTaken'))?.message).toMatch(/needs rights that this user does not have/)
})

it('leaves Services alone while there is no node, and those of another class always', async () => {
  start()
  const port = await freePort()
  await plane.client.create(services, service([{ port }]))
  const other = service([{ port: 81 }], { loadBalancerClass: 'example.com/other' })
  await plane.client.create(services, { ...other, metadata: { name: 'other', namespace: 'default' } })
  await expect(ask(port, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await addNode()
  await served()
  const left = await plane.client.get(services, { namespace: 'default', name: 'other' })
  expect(left.metadata.finalizers).toBeUndefined()
  expect(left.status?.loadBalancer).toEqual({})
})

it('takes status and finalizer back when the type changes', async () => {
  await addNode()
  start()
  const port = await freePort()
  await plane.client.create(services, service([{ port }]))
  await served()
  const ref = { namespace: 'default', name: 'web' }
  await plane.client.patch(services, ref, {
    type: 'merge',
    body: { spec: { type: 'ClusterIP', externalTrafficPolicy: null, allocateLoadBalancerNodePorts: null } },
  })
  const freed = await plane.untilOne(services, 'web', ({ metadata }) => !metadata.finalizers?.length)
  expect(freed.status?.loadBalancer).toEqual({})
  await expect(ask(port, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('closes the listeners of a Service at once when their ports change', async () => {
  await addNode()
  start()
  const [port, next] = [await freePort(), await freePort()]
  await plane.client.create(services, service([{ port }]))
  await served()
  const ref = { namespace: 'default', name: 'web' }
  await plane.client.patch(services, ref, { type: 'merge', body: { spec: { ports: [{ port: next }] } } })
  await plane.untilOne(services, 'web', (one) => portsOf(one)?.[0]?.port === next)
  await expect(ask(port, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('serves UDP beside TCP, each client by itself, and says that SCTP is not served', async () => {
  await addNode()
  start()
  const port = await freePort()
  await plane.client.create(
    services,
    service([
      { port, name: 'tcp' },
      { port, name: 'udp', protocol: 'UDP' },
      { port, name: 'sctp', protocol: 'SCTP' },
    ]),
  )
  const tcp = await echo('one')
  await plane.client.create(endpointSlices, {
    ...slice(0),
    ports: [
      { name: 'tcp', port: tcp, protocol: 'TCP' },
      { name: 'udp', port: 9, protocol: 'UDP' },
    ],
  })
  expect(portsOf(await served())).toEqual([
    { port, protocol: 'TCP' },
    { port, protocol: 'UDP' },
    { port, protocol: 'SCTP', error: 'ProtocolNotSupported' },
  ])
  expect((await eventOf('LoadBalancerPortNotServed'))?.message).toBe(
    `Port ${port}/SCTP is not served on 127.0.0.1: only TCP and UDP are`,
  )
  const asked = async (word: string): Promise<string> => {
    const socket = createSocket('udp4')
    const answer = once(socket, 'message')
    socket.send(word, port, '127.0.0.1')
    const [content] = (await answer) as [Buffer]
    socket.close()
    return content.toString()
  }
  await expect.poll(() => ask(port, 'hello')).toBe('one hello')
  expect(await Promise.all(['a', 'b', 'c'].map(asked))).toEqual(['a', 'b', 'c'])
})

it('names the process that holds a UDP port', async () => {
  const holder = createSocket('udp4')
  holder.bind(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address()
  await addNode()
  start()
  await plane.client.create(services, service([{ port, protocol: 'UDP' }]))
  const [chosen] = portsOf(await served()) ?? []
  expect(chosen?.port).toBeGreaterThan(port)
  if (process.platform === 'linux')
    expect((await eventOf('LoadBalancerPortTaken'))?.message).toContain(`is taken by Slipway (pid ${process.pid})`)
  holder.close()
})
