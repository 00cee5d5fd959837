import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, connect, type Socket } from 'node:net'
import {
  decode,
  encode,
  streamEncode,
  AUTHORITATIVE_ANSWER,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
  type Answer,
  type Packet,
  type Question,
} from 'dns-packet'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { resolve, type DnsSource } from './records.ts'

export interface DnsServerOptions {
  /** Address of the DNS server for pods; must be an address of this machine. */
  address: string
  port: number
  domain: string
  source: DnsSource
  /** Servers for names outside the cluster, tried in order. */
  upstreams: readonly string[]
  /** Address of the machine that the workers run on; undefined where it is not known. */
  hostAddress?(): string | undefined
  log: Log
}

/** Name by which pods reach the machine that the workers run on, and Docker Desktop's own name for it. */
export const hostName = 'host.slipway.internal'
const desktopHostName = 'host.docker.internal'

/** The cluster's DNS on this node, over UDP and TCP. */
export async function startDns(options: DnsServerOptions): Promise<() => Promise<void>> {
  const { address, port, log } = options
  const records = { ...options, ask: createUpstream(options.upstreams) }
  const udp = createSocket('udp4')
  udp.on('message', (query, peer) => {
    answer(query, records, false)
      .then((reply) => reply && udp.send(fit(reply, udpSize(query)), peer.port, peer.address))
      .catch((error: unknown) => log.debug('dns', { error: messageOf(error) }))
  })
  udp.on('error', (error) => log.warn('dns over UDP', { error: error.message }))
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(10_000, () => socket.destroy())
    readMessages(socket, (query) => {
      answer(query, records, true)
        .then((reply) => {
          if (reply) socket.write(streamEncode(reply))
          // A client that does not read its answers is cut.
          if (socket.writableLength > mostUnread) socket.destroy()
        })
        .catch(() => socket.destroy())
    })
  })
  tcp.on('error', (error) => log.warn('dns over TCP', { error: error.message }))
  tcp.maxConnections = mostConnections
  await Promise.all([
    new Promise<void>((done, fail) => udp.once('error', fail).bind(port, address, () => done())),
    new Promise<void>((done, fail) => tcp.once('error', fail).listen(port, address, () => done())),
  ])
  return async () => {
    for (const socket of sockets) socket.destroy()
    await Promise.all([new Promise<void>((done) => udp.close(() => done())), new Promise((done) => tcp.close(done))])
  }
}

/** Bytes of answers that a client may leave unread; number of clients; number of concurrent upstream queries. */
const mostUnread = 256 * 1_024
const mostConnections = 500
const mostUpstream = 500

type Records = Pick<DnsServerOptions, 'domain' | 'source' | 'hostAddress'> & { ask: AskUpstream }

const noError = 0
const nxDomain = 3
const serverFailure = 2

async function answer(query: Buffer, records: Records, tcp: boolean): Promise<Packet | undefined> {
  const { domain, source, ask } = records
  const packet = decode(query)
  const [question] = packet.questions ?? []
  if (!question) return undefined
  const reply = (rcode: number, answers: Packet['answers'] = []): Packet => ({
    type: 'response',
    id: packet.id,
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((packet.flags ?? 0) & 0x0100) | rcode,
    questions: [question],
    answers,
    ...(rcode === nxDomain || answers.length === 0 ? { authorities: [authority(domain)] } : {}),
  })
  if (question.name.toLowerCase().replace(/\.$/, '') === hostName)
    return reply(noError, question.type === 'A' ? await hostAnswers(question.name, records, tcp) : [])
  const found = resolve(question, domain, source)
  if (found.kind === 'nodata') return reply(noError)
  if (found.kind === 'nxdomain') return reply(nxDomain)
  if (found.kind === 'upstream') return (await ask(query, tcp)) ?? { ...reply(serverFailure), authorities: [] }
  if (found.follow === undefined || question.type === 'CNAME') return reply(noError, found.answers)
  const followed = await followName(found.follow, question, { domain, source, ask }, tcp)
  return reply(noError, [...found.answers, ...followed])
}

/** Docker Desktop's resolver knows the host, whose address is not the gateway there; on Linux the gateway is the host. */
async function hostAnswers(name: string, { ask, hostAddress }: Records, tcp: boolean): Promise<Answer[]> {
  const query = encode({ type: 'query', id: 1, flags: 0x0100, questions: [{ type: 'A', name: desktopHostName }] })
  const answers = (await ask(Buffer.from(query), tcp))?.answers ?? []
  const known = answers.flatMap((one) => (one.type === 'A' ? [one.data] : []))
  const gateway = hostAddress?.()
  const addresses = known.length > 0 ? known : gateway === undefined ? [] : [gateway]
  return addresses.map((data) => ({ type: 'A', name, ttl: 5, data }))
}

async function followName(
  name: string,
  question: Question,
  { domain, source, ask }: Pick<Records, 'domain' | 'source' | 'ask'>,
  tcp: boolean,
): Promise<NonNullable<Packet['answers']>> {
  const inside = resolve({ name, type: question.type }, domain, source)
  if (inside.kind === 'answers') return inside.answers
  if (inside.kind !== 'upstream') return []
  const query = encode({ type: 'query', id: 1, flags: 0x0100, questions: [{ ...question, name }] })
  return (await ask(Buffer.from(query), tcp))?.answers ?? []
}

/** Lets clients cache briefly that a name does not exist. */
const authority = (domain: string): NonNullable<Packet['authorities']>[number] => ({
  type: 'SOA',
  name: domain,
  ttl: 5,
  data: {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: 5,
  },
})

/** Queries upstream servers. @returns undefined when none responds, or too many queries are pending */
type AskUpstream = (query: Buffer, tcp: boolean) => Promise<Packet | undefined>

/** Each query takes a socket: too many would leave none for the API server. */
function createUpstream(servers: readonly string[]): AskUpstream {
  let asking = 0
  return async (query, tcp) => {
    if (asking >= mostUpstream) return undefined
    asking++
    try {
      return await askInOrder(query, servers, tcp)
    } finally {
      asking--
    }
  }
}

async function askInOrder(query: Buffer, servers: readonly string[], tcp: boolean): Promise<Packet | undefined> {
  for (const server of servers) {
    const reply = await (tcp ? askTcp(query, server) : askUdp(query, server)).catch(() => undefined)
    if (!reply) continue
    const packet = decode(reply)
    return { ...packet, id: decode(query).id }
  }
  return undefined
}

const patience = 2_500

function askUdp(query: Buffer, server: string): Promise<Buffer> {
  const socket: UdpSocket = createSocket('udp4')
  return new Promise<Buffer>((done, fail) => {
    const timer = setTimeout(() => fail(new Error('timeout')), patience)
    socket.once('error', fail)
    socket.once('message', (reply) => {
      clearTimeout(timer)
      done(reply)
    })
    socket.send(query, 53, server)
  }).finally(() => socket.close())
}

function askTcp(query: Buffer, server: string): Promise<Buffer> {
  const socket = connect({ host: server, port: 53, timeout: patience })
  return new Promise<Buffer>((done, fail) => {
    socket.once('timeout', () => fail(new Error('timeout')))
    socket.once('error', fail)
    socket.once('close', () => fail(new Error('closed')))
    readMessages(socket, done)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(query.length)
    socket.write(Buffer.concat([length, query]))
  }).finally(() => socket.destroy())
}

/** DNS over TCP prefixes each message with its length. */
function readMessages(socket: Socket, onMessage: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0)
      onMessage(rest.subarray(2, end))
      rest = rest.subarray(end)
    }
  })
}

/** The client's limit: its EDNS size, otherwise 512 bytes. */
function udpSize(query: Buffer): number {
  const option = decode(query).additionals?.find(({ type }) => type === 'OPT') as
    { udpPayloadSize?: number } | undefined
  return Math.max(512, option?.udpPayloadSize ?? 512)
}

/**
 * An answer within `size` bytes: one that is too long has its names compressed, then as many records as fit, and TC, which
 * tells that there are more (RFC 1035, 4.1.1 and 4.1.4).
 */
function fit(reply: Packet, size: number): Buffer {
  const whole = encode(reply)
  if (whole.length <= size) return whole
  const head = encode({ ...reply, answers: [], authorities: [], additionals: [] })
  const records: Buffer[] = []
  let length = head.length
  const answers = reply.answers ?? []
  for (const answer of answers) {
    const record = compressed(answer, reply.questions?.[0]?.name)
    if (length + record.length > size) break
    records.push(record)
    length += record.length
  }
  const datagram = Buffer.concat([head, ...records])
  datagram.writeUInt16BE(records.length, answerCountAt)
  if (records.length < answers.length)
    datagram.writeUInt16BE(datagram.readUInt16BE(flagsAt) | TRUNCATED_RESPONSE, flagsAt)
  return datagram
}

/** Offsets in a message; the question's name comes right after the header. */
const flagsAt = 2
const answerCountAt = 6
const headerLength = 12
const pointerToQuestion = Buffer.from([0xc0, headerLength])

/** One record, in which a pointer stands for the name when that is the question's. */
function compressed(answer: Answer, asked: string | undefined): Buffer {
  if (answer.name.toLowerCase() !== asked?.toLowerCase())
    return encode({ type: 'response', answers: [answer] }).subarray(headerLength)
  // The root's name is one byte.
  const unnamed = encode({ type: 'response', answers: [{ ...answer, name: '.' }] }).subarray(headerLength + 1)
  return Buffer.concat([pointerToQuestion, unnamed])
}
