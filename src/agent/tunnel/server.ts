import { once } from 'node:events'
import {
  connect as connectHttp2,
  performServerHandshake,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Log } from '#shared/base/log.ts'
import { createEdge, RequestRefused, respond, type Authority } from '#shared/base/request-edge.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import { joinDatagrams } from './datagrams.ts'

/** The worker's end of the tunnel; the host's end, `main/cluster/network/tunnel.ts`, describes the protocol. */
export interface TunnelServer {
  /** A connection to the API server; waits for a while when the tunnel is down. @throws Error when it stays down */
  dialApiServer(): Promise<Duplex>
  /**
   * A `docker save` stream of an image in the host's engine, without the layers that are `present` here; undefined when the
   * image is missing.
   */
  fetchImage(reference: string, present?: { id: string; layers: number }): Promise<Readable | undefined>
  /** An image in the host's engine; undefined when it is missing. */
  hostImage(reference: string): Promise<HostImage | undefined>
  /** How the user of the host is signed in to the image's registry. */
  hostCredentials(reference: string): Promise<readonly RegistryAuth[]>
  stop(): Promise<void>
}

/** An image of the host's engine: its id there, and the digests of its layers, from the base up. */
export interface HostImage {
  id: string
  layers: readonly string[]
}

export interface TunnelServerOptions {
  /** Port that the host dials. */
  port: number
  /** Port on this node that leads to the API server; the Service `kubernetes` leads to it. */
  apiPort: number
  /** Port of this node's 127.0.0.1 that leads to the host's registry; none when unset. */
  registryPort?: number | undefined
  /** `ca` is the tunnels' own authority: only the host has a client certificate of it. */
  tls: { ca: string; cert: string; key: string }
  /** Serves requests other than CONNECT. */
  onKubeletRequest(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void
  /** Whether the host may connect to this address: a pod's or a node's, never an internal one of the worker. */
  mayReach(host: string): boolean
  onFault?(): void
  log: Log
}

/** Flow control window, bytes: the most that an unread stream keeps in memory. */
const settings = { settings: { initialWindowSize: 2 ** 20, maxConcurrentStreams: 2_000, enablePush: false } }
const sessionWindow = 32 * 2 ** 20
const patience = 15_000

export async function createTunnelServer(options: TunnelServerOptions): Promise<TunnelServer> {
  const { log } = options
  const reverse = new Reverse()
  const sockets = new Set<Socket | TLSSocket>()
  const track = (socket: Socket | TLSSocket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  }

  const server = createTlsServer(
    { ...options.tls, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2', 'slipway-reverse'] },
    (socket) => {
      socket.on('error', () => undefined)
      socket.setNoDelay(true)
      track(socket)
      if (socket.alpnProtocol === 'slipway-reverse') reverse.use(socket)
      else serveHost(socket, options)
    },
  )
  server.on('tlsClientError', (error) => log.debug('a connection was refused', { error: error.message }))

  const leadTo = (name: HostService): Server =>
    createTcpServer({ noDelay: true }, (socket) => {
      track(socket)
      socket.on('error', () => undefined)
      reverse.dial(name).then(
        (stream) => join(socket, stream),
        () => socket.destroy(),
      )
    })
  const [api, registry] = [leadTo('apiserver'), leadTo('registry')]
  await Promise.all([listen(server, options.port), listen(api, options.apiPort)])
  if (options.registryPort !== undefined) await listen(registry, options.registryPort, '127.0.0.1')

  return {
    dialApiServer: () => reverse.dial('apiserver'),
    fetchImage: (reference, present) => reverse.fetchImage(reference, present),
    hostImage: (reference) => reverse.hostImage(reference),
    hostCredentials: (reference) => reverse.hostCredentials(reference),
    async stop() {
      const closed = Promise.all([server, api, registry].map((each) => new Promise((resolve) => each.close(resolve))))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Serves the host's requests: CONNECT opens connections in this worker's network, the rest goes to the kubelet. */
function serveHost(socket: TLSSocket, { onKubeletRequest, mayReach, onFault, log }: TunnelServerOptions): void {
  const session = performServerHandshake(socket, settings)
  session.on('error', () => undefined)
  session.once('connect', () => session.setLocalWindowSize(sessionWindow))
  const connectInto = createEdge<ServerHttp2Stream>({
    name: 'tunnel',
    log,
    ...(onFault ? { onFault } : {}),
    async handle(stream, { authority, datagrams }) {
      if (!authority || !mayReach(authority.host)) throw new RequestRefused(403, 'address not allowed')
      if (datagrams) joinDatagrams(stream, authority)
      else await joinTo(stream, authority)
    },
  })
  session.on('stream', (stream, headers) => {
    if (headers[':method'] === 'CONNECT') connectInto(stream, headers)
    else onKubeletRequest(stream, headers)
  })
}

/** @throws RequestRefused 503 when the connection is refused */
async function joinTo(stream: ServerHttp2Stream, { host, port }: Authority): Promise<void> {
  const socket = connectTcp({ host, port, noDelay: true })
  stream.once('close', () => socket.destroy())
  const isConnected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.on('error', () => stream.close())
  if (!isConnected) throw new RequestRefused(503, 'the connection was refused')
  if (respond(stream, { ':status': 200 })) join(socket, stream)
  else socket.destroy()
}

/** What a worker may connect to on the host. */
type HostService = 'apiserver' | 'registry'

/** The session on which this worker sends requests to the host. */
class Reverse {
  #session: ClientHttp2Session | undefined
  #arrived: () => void = () => undefined
  #arrival = new Promise<void>((resolve) => (this.#arrived = resolve))

  use(socket: TLSSocket): void {
    const session = connectHttp2('http://host', { createConnection: () => socket, ...settings })
    session.on('error', () => undefined)
    session.once('connect', () => {
      session.setLocalWindowSize(sessionWindow)
      this.#session?.destroy()
      this.#session = session
      this.#arrived()
    })
    session.once('close', () => {
      if (this.#session !== session) return
      this.#session = undefined
      this.#arrival = new Promise<void>((resolve) => (this.#arrived = resolve))
    })
  }

  async dial(name: HostService): Promise<Duplex> {
    const session = await this.#ready()
    const stream = session.request({ ':method': 'CONNECT', ':authority': `${name}:443` })
    if ((await statusOf(stream)) !== 200) {
      stream.destroy()
      throw new Error(`the ${name} does not respond`)
    }
    return stream
  }

  async fetchImage(reference: string, present?: { id: string; layers: number }): Promise<Readable | undefined> {
    const session = await this.#ready()
    const query = present ? `?id=${encodeURIComponent(present.id)}&layers=${present.layers}` : ''
    const path = `/images/${encodeURIComponent(reference)}${query}`
    const stream = session.request({ ':method': 'GET', ':path': path })
    if ((await statusOf(stream)) === 200) return stream
    stream.destroy()
    return undefined
  }

  async hostImage(reference: string): Promise<HostImage | undefined> {
    const session = await this.#ready()
    const stream = session.request({ ':method': 'HEAD', ':path': `/images/${encodeURIComponent(reference)}` })
    const headers = await headersOf(stream)
    stream.resume()
    if (headers[':status'] !== 200) return undefined
    const [id = '', layers = ''] = [headers['image-id'], headers['image-layers']].map(String)
    return { id, layers: layers.split(' ').filter(Boolean) }
  }

  async hostCredentials(reference: string): Promise<readonly RegistryAuth[]> {
    const session = await this.#ready()
    const stream = session.request({ ':method': 'GET', ':path': `/credentials/${encodeURIComponent(reference)}` })
    const status = await statusOf(stream)
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += chunk as string
    return status === 200 ? (JSON.parse(text) as RegistryAuth[]) : []
  }

  async #ready(): Promise<ClientHttp2Session> {
    if (this.#session) return this.#session
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)))
    await Promise.race([this.#arrival, late])
    clearTimeout(timer)
    if (!this.#session) throw new Error('the tunnel to the control plane is down')
    return this.#session
  }
}

const statusOf = async (stream: Duplex): Promise<number> => (await headersOf(stream))[':status'] as number

function headersOf(stream: Duplex): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  return new Promise((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('the tunnel closed')))
  })
}

function join(socket: Socket, stream: Duplex): void {
  stream.on('error', () => socket.destroy())
  stream.on('close', () => socket.destroy())
  socket.on('close', () => stream.destroy())
  socket.pipe(stream)
  stream.pipe(socket)
}

function listen(server: Server, port: number, host = '0.0.0.0'): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}
