import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { EdgeError } from '#main/http/edge.ts'
import { createConnectionSlots } from '../connection-slots.ts'
import type { LoopbackListener } from '../loopback-port.ts'
import { startIngressServer } from './server.ts'
import { testAuthority } from '#test/support/test-authority.ts'

interface Seen {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
}

let backend: Server | Http2Server
let ingress: LoopbackListener
let seen: Seen[] = []
const faults: unknown[] = []

async function start(server: Server | Http2Server): Promise<void> {
  backend = server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const certificate = await testAuthority().then((authority) => authority.issue(['localhost']))
  const started = await startIngressServer({
    port: 0,
    certificate,
    contextFor: async (name) => createSecureContext(await testAuthority().then((authority) => authority.issue([name]))),
    async route({ host }) {
      if (host === 'none.localhost') throw new EdgeError(404, 'no Ingress has a rule')
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      await once(socket, 'connect')
      return { connection: wrapped(socket) }
    },
    slots: createConnectionSlots(100),
    onFault: (error) => void faults.push(error),
  })
  if ('refused' in started) throw new Error(started.message)
  ingress = started
}

/** As a tunnel's stream: a Duplex that is no socket. */
function wrapped(socket: Duplex): Duplex {
  const [there, back] = [new PassThrough(), new PassThrough()]
  there.pipe(socket).pipe(back)
  socket.on('error', () => back.destroy())
  const duplex = Duplex.from({ readable: back, writable: there })
  duplex.once('close', () => socket.destroy())
  return duplex
}

const echo = () =>
  createServer((message, response) => {
    void buffer(message).then((body) => {
      seen.push({ method: message.method ?? '', url: message.url ?? '', headers: message.headers, body })
      response.setHeader('set-cookie', ['slipway-1=stolen', 'own=1'])
      response.end(`${message.method} ${message.url} ${body.length}`)
    })
  })

beforeEach(() => {
  seen = []
  faults.length = 0
})
afterEach(async () => {
  await ingress.stop()
  backend.close()
  expect(faults).toEqual([])
})

async function ask(
  path: string,
  options: {
    method?: string
    headers?: Record<string, string | string[]>
    body?: Readable | string
    host?: string
  } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const outgoing = request({
    port: ingress.port,
    host: '127.0.0.1',
    path,
    method: options.method ?? 'GET',
    headers: { host: options.host ?? 'a.localhost', ...options.headers },
  })
  if (options.body instanceof Readable) options.body.pipe(outgoing)
  else outgoing.end(options.body)
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
}

describe('HTTP', () => {
  beforeEach(() => start(echo()))

  it('carries path and query as they are', async () => {
    expect(await ask('/a//b/%2F?x=1&y=%20')).toMatchObject({ status: 200, body: 'GET /a//b/%2F?x=1&y=%20 0' })
  })

  it('tells the back end who asked for what, whatever the client says', async () => {
    await ask('/', {
      headers: {
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-proto': 'https',
        'x-real-ip': '6.6.6.6',
        forwarded: 'for=6.6.6.6',
        'x-forwarded-user': 'root',
        cookie: 'own=1; slipway-ui=secret; b=2',
        connection: 'close, x-real-ip, x-secret, host',
        'x-secret': '1',
        te: 'gzip',
      },
    })
    const headers = seen[0]?.headers
    expect(headers).toMatchObject({
      host: 'a.localhost',
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'a.localhost',
      'x-forwarded-port': String(ingress.port),
      cookie: 'own=1; b=2',
    })
    for (const name of ['forwarded', 'x-forwarded-user', 'x-secret', 'te']) expect(headers).not.toHaveProperty(name)
  })

  it("does not let a back end set this app's cookies", async () => {
    expect((await ask('/')).headers['set-cookie']).toEqual(['own=1'])
  })

  it.each(['POST', 'DELETE', 'OPTIONS', 'PUT'])('carries a %s body that comes in chunks', async (method) => {
    const body = Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(100_000)))
    expect(await ask('/', { method, body, headers: { 'transfer-encoding': 'chunked' } })).toMatchObject({
      status: 200,
      body: `${method} / 5000000`,
    })
    expect(seen).toHaveLength(1)
  })

  it('says 404 where no rule matches', async () => {
    expect(await ask('/', { host: 'none.localhost' })).toMatchObject({ status: 404, body: 'no Ingress has a rule' })
  })

  it.each(['a b', 'a/b', 'a@b'])('refuses the host %j', async (host) => {
    expect((await ask('/', { headers: { host } })).status).toBe(400)
  })

  it.each([
    'GET http://other/ HTTP/1.1\r\nHost: a.localhost\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a.localhost\r\nX: a\nb\r\n\r\n',
    'PRX / HTTP/1.1\r\n\r\n',
    'no http at all\r\n\r\n',
  ])('refuses %j', async (bytes) => {
    const socket = connect(ingress.port, '127.0.0.1')
    socket.write(bytes)
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /)
    expect(seen).toEqual([])
  })

  it('understands a client whose bytes come one by one', async () => {
    const socket = connect({ port: ingress.port, host: '127.0.0.1', noDelay: true })
    for (const byte of 'PUT / HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n') {
      socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await text(socket)).toMatch(/PUT \/ 0/)
  })
})

describe('TLS', () => {
  beforeEach(() => start(echo()))

  it('uses the certificate of the name that is asked for, on the same port', async () => {
    const { ca } = await testAuthority()
    const outgoing = httpsRequest({
      port: ingress.port,
      host: '127.0.0.1',
      servername: 'shop.localhost',
      ca,
      path: '/x',
      headers: { host: 'shop.localhost' },
    })
    outgoing.end()
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    expect(await text(answer)).toBe('GET /x 0')
    expect(seen[0]?.headers['x-forwarded-proto']).toBe('https')
  })

  it('serves clients that name no host, by the certificate of localhost', async () => {
    const { ca } = await testAuthority()
    const socket = connectTls({ port: ingress.port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined })
    await once(socket, 'secureConnect')
    expect(socket.getPeerCertificate().subjectaltname).toBe('DNS:localhost')
    socket.destroy()
  })

  it('speaks HTTP/2', async () => {
    const { ca } = await testAuthority()
    const socket = connectTls({
      port: ingress.port,
      host: '127.0.0.1',
      ca,
      servername: 'shop.localhost',
      ALPNProtocols: ['h2'],
    })
    const session = connectHttp2(`https://shop.localhost:${ingress.port}`, { createConnection: () => socket })
    const stream = session.request({ ':path': '/two', ':method': 'POST' })
    stream.end('body')
    expect(await text(stream)).toBe('POST /two 4')
    expect(seen[0]?.headers).toMatchObject({ host: `shop.localhost:${ingress.port}`, 'x-forwarded-proto': 'https' })
    session.destroy()
  })
})

it('carries WebSockets, with what is sent at once', async () => {
  const server = createServer()
  new WebSocketServer({ server }).on('connection', (socket, message) => {
    socket.send(`hello ${message.url} ${String(message.headers['x-forwarded-proto'])}`)
    socket.on('message', (data: Buffer) => socket.send(data))
  })
  await start(server)
  const socket = new WebSocket(`ws://127.0.0.1:${ingress.port}/chat`, { headers: { host: 'a.localhost' } })
  const messages: string[] = []
  socket.on('message', (data: Buffer) => messages.push(data.toString()))
  await once(socket, 'open')
  socket.send('x'.repeat(200_000))
  await expect
    .poll(() => messages.map((message) => message.slice(0, 17).trim()))
    .toEqual(['hello /chat http', 'x'.repeat(17)])
  socket.terminate()
})

it('carries gRPC with its trailers, in HTTP/2 without TLS', async () => {
  const server = createHttp2Server()
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '7', 'grpc-message': 'no' }))
    stream.pipe(stream)
  })
  await start(server)
  const session = connectHttp2(`http://127.0.0.1:${ingress.port}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/a.B/C',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const trailers = once(stream, 'trailers')
  stream.end('message')
  expect(await text(stream)).toBe('message')
  expect((await trailers)[0]).toMatchObject({ 'grpc-status': '7', 'grpc-message': 'no' })
  session.destroy()
})

it('does not pass an answer that breaks off as whole', async () => {
  await start(
    createServer((_message, response) => {
      response.writeHead(200).write('part')
      setImmediate(() => response.destroy())
    }),
  )
  await expect(ask('/')).rejects.toThrow(/aborted/)
})

it('ends requests that are under way when it stops', async () => {
  await start(createServer((_message, response) => void response.writeHead(200).write('part')))
  const answer = ask('/')
  await expect.poll(() => backend.listening).toBe(true)
  const failed = expect(answer).rejects.toThrow()
  setTimeout(() => void ingress.stop(), 50)
  await failed
})
