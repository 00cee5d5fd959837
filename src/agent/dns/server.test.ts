import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { decode, encode, streamEncode, type Packet } from 'dns-packet'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { DnsSource } from './records.ts'
import { startDns } from './server.ts'
import { stored } from '#test/support/stored.ts'
import type { Service } from '#shared/kube/generated/types.ts'

const many = Array.from({ length: 60 }, (_, index) => `10.244.1.${index + 2}`)
const source: DnsSource = {
  service: (_namespace, name) =>
    name === 'many'
      ? stored<Service>({ metadata: { name, namespace: 'shop' }, spec: { clusterIP: 'None' } })
      : name === 'alias'
        ? stored<Service>({
            metadata: { name, namespace: 'shop' },
            spec: { type: 'ExternalName', externalName: 'many.shop.svc.test' },
          })
        : undefined,
  slicesOf: () => [{ metadata: {}, addressType: 'IPv4', endpoints: many.map((ip) => ({ addresses: [ip] })) }],
  hasNamespace: () => true,
  serviceByIp: () => undefined,
  endpointByIp: () => undefined,
}
let stop: () => Promise<void>
let port: number

beforeEach(async () => {
  port = await freePort()
  stop = await startDns({
    address: '127.0.0.1',
    port,
    domain: 'test',
    source,
    upstreams: [],
    hostAddress: () => '172.19.0.1',
    log: silentLog,
  })
})
afterEach(() => stop())

const query = (name: string, more: Partial<Packet> = {}): Packet => ({
  type: 'query',
  id: 7,
  flags: 0x0100,
  questions: [{ type: 'A', name }],
  ...more,
})

test('answers with the query’s ID and the AA flag', async () => {
  const answer = await overUdp(query('nothing.shop.svc.test'))
  expect(answer).toMatchObject({ type: 'response', id: 7, flag_aa: true, rcode: 'NXDOMAIN' })
  expect(answer.authorities?.[0]).toMatchObject({ type: 'SOA', name: 'test' })
})

test('truncates responses that exceed a datagram, sets TC, and sends them completely over TCP', async () => {
  const cut = await overUdp(query('many.shop.svc.test'))
  expect(cut.flag_tc).toBe(true)
  // 12 bytes of header, 25 of question, 16 of each record.
  expect(cut.answers).toHaveLength(Math.floor((512 - 12 - 25) / 16))
  expect(cut.answers?.[0]).toMatchObject({ name: 'many.shop.svc.test', data: '10.244.1.2' })
  expect((await overTcp(query('many.shop.svc.test'))).answers).toHaveLength(60)
})

test('a client with a larger EDNS size gets larger datagrams', async () => {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as never
  const answer = await overUdp(query('many.shop.svc.test', { additionals: [opt] }))
  expect(answer.flag_tc).toBe(false)
  expect(answer.answers).toHaveLength(60)
})

test('a CNAME is answered with the addresses of its target', async () => {
  const { answers } = await overTcp(query('alias.shop.svc.test'))
  expect(answers?.[0]).toMatchObject({ type: 'CNAME', data: 'many.shop.svc.test' })
  expect(answers).toHaveLength(61)
})

test('without an upstream server, external names are SERVFAIL, not NXDOMAIN', async () => {
  expect(await overUdp(query('example.com'))).toMatchObject({ rcode: 'SERVFAIL' })
})

test('host.slipway.internal is the machine that the workers run on', async () => {
  const { answers } = await overUdp(query('Host.Slipway.Internal.'))
  expect(answers).toMatchObject([{ type: 'A', data: '172.19.0.1' }])
  const none = await overUdp(query('', { questions: [{ type: 'AAAA', name: 'host.slipway.internal' }] }))
  expect(none).toMatchObject({ rcode: 'NOERROR', answers: [] })
})

test('invalid messages are ignored', async () => {
  const socket = createSocket('udp4')
  socket.send(Buffer.from('not a question'), port, '127.0.0.1')
  socket.close()
  expect((await overUdp(query('many.shop.svc.test'))).id).toBe(7)
})

async function overUdp(packet: Packet): Promise<Answer> {
  const socket = createSocket('udp4')
  socket.send(encode(packet), port, '127.0.0.1')
  const [reply] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return decode(reply) as unknown as Answer
}

async function overTcp(packet: Packet): Promise<Answer> {
  const socket = connect(port, '127.0.0.1')
  // In two pieces: the length and the message may arrive separately.
  const bytes = streamEncode(packet)
  socket.write(bytes.subarray(0, 1))
  await once(socket, 'connect')
  socket.write(bytes.subarray(1))
  let reply = Buffer.alloc(0)
  for await (const chunk of socket) {
    reply = Buffer.concat([reply, chunk as Buffer])
    if (reply.length >= 2 && reply.length >= reply.readUInt16BE(0) + 2) break
  }
  socket.destroy()
  return decode(reply.subarray(2)) as unknown as Answer
}

type Answer = Packet & { rcode: string; flag_tc: boolean; flag_aa: boolean }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}
