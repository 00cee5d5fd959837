import { once } from 'node:events'
import {
  connect as connectHttp2,
  performServerHandshake,
  type ClientHttp2Session,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Backoff } from '#shared/base/backoff.ts'
import { sleep, type Clock } from '#shared/base/clock.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import type { Log } from '#shared/base/log.ts'
import { createEdge, RequestRefused, respond, transportHeader, type Authority } from '#shared/base/request-edge.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { InvalidImageReference, taggedImage } from '#shared/kube/image-reference.ts'
import type { HostImages, PresentLayers } from '../host-images.ts'

/**
 * The host's ends of the tunnels. The host dials the one port that each worker publishes on loopback, twice, with
 * mutual TLS: over `h2` it sends requests to the worker (kubelet API, connections into its network); over
 * `slipway-reverse` HTTP/2 runs in the opposite direction, and the worker reaches the API server and the host's images.
 * Only loopback is exposed, and Docker Desktop, where workers have no route to the host, works like Linux.
 */
export interface Tunnels {
  /** Keeps a tunnel to `node` at `port` of 127.0.0.1; another call with a different port moves it. */
  open(node: string, port: number): void
  close(node: string): void
  isUp(node: string): boolean
  /** Resolves when the tunnel to `node` is up. @throws the signal's reason */
  up(node: string, signal: AbortSignal): Promise<void>
  request(node: string, request: TunnelRequest): Promise<TunnelResponse>
  /** @param transport TCP when unset; of UDP the stream carries framed datagrams */
  connect(node: string, authority: string, transport?: 'TCP' | 'UDP'): Promise<Duplex>
  stop(): Promise<void>
}

export interface TunnelRequest {
  method: string
  path: string
  headers?: Record<string, string>
  end?: boolean
}

export interface TunnelResponse {
  status: number
  headers: IncomingHttpHeaders
  stream: Duplex
}

export interface TunnelsOptions {
  /** The tunnels' own authority, and the certificate that it issued to the host; PEM. */
  tls: { ca: string; cert: string; key: string }
  /** Where the API server listens on 127.0.0.1. */
  apiServerPort(): number
  /** Where the registry of images listens on 127.0.0.1; undefined where there is none. */
  registryPort?(): number | undefined
  /** An image of the host's engine, as `HostImages.open` gives it. */
  fetchImage: HostImages['open']
  /** By which a worker knows whether its copy is current, and which layers it lacks. */
  findImage?: HostImages['find']
  /** How the user of this host is signed in to the image's registry. */
  credentials?(reference: string): Promise<readonly RegistryAuth[]>
  clock: Clock
  log: Log
}

/** Flow control window, bytes: the most that an unread stream keeps in memory. */
const settings = { settings: { initialWindowSize: 2 ** 20, maxConcurrentStreams: 2_000, enablePush: false } }
const sessionWindow = 32 * 2 ** 20
const pingInterval = 5_000
const pingTimeout = 10_000
/** While a worker may be starting, it is dialled at even intervals: a growing one would find it late. */
const startMs = 5_000
const redialMs = 75

export function createTunnels(options: TunnelsOptions): Tunnels {
  const tunnels = new Map<string, Tunnel>()
  const find = (node: string): ClientHttp2Session => {
    const session = tunnels.get(node)?.session
    if (!session) throw new Error(`worker ${node} cannot be reached`)
    return session
  }
  return {
    open(node, port) {
      const known = tunnels.get(node)
      if (known?.port === port) return
      known?.stop()
      tunnels.set(node, new Tunnel(node, port, options))
    },
    close(node) {
      tunnels.get(node)?.stop()
      tunnels.delete(node)
    },
    isUp: (node) => tunnels.get(node)?.session !== undefined,
    async up(node, signal) {
      const tunnel = tunnels.get(node)
      if (!tunnel) throw new Error(`there is no tunnel to ${node}`)
      await tunnel.up(signal)
    },
    request: (node, { method, path, headers, end }) =>
      answered(find(node), { ...headers, ':method': method, ':path': path }, end ?? false),
    async connect(node, authority, transport) {
      const headers = {
        ':method': 'CONNECT',
        ':authority': authority,
        ...(transport === 'UDP' ? { [transportHeader]: 'udp' } : {}),
      }
      const { status, stream } = await answered(find(node), headers, false)
      if (status === 200) return stream
      stream.destroy()
      throw new Error(`${node} cannot connect to ${authority}`)
    },
    async stop() {
      for (const tunnel of tunnels.values()) tunnel.stop()
      tunnels.clear()
      await Promise.resolve()
    },
  }
}

function answered(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  endStream: boolean,
): Promise<TunnelResponse> {
  const stream = session.request(headers, { endStream })
  return new Promise((resolve, reject) => {
    stream.once('response', (answer) => resolve({ status: answer[':status'] ?? 500, headers: answer, stream }))
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('the worker closed the stream')))
  })
}

/** One worker's pair of sessions, dialled again whenever one of them ends. */
class Tunnel {
  readonly port: number
  session: ClientHttp2Session | undefined
  readonly #node: string
  readonly #options: TunnelsOptions
  readonly #stopped = new AbortController()
  readonly #waiting = new Set<() => void>()

  constructor(node: string, port: number, options: TunnelsOptions) {
    this.#node = node
    this.port = port
    this.#options = options
    void this.#keep()
  }

  stop(): void {
    this.#stopped.abort(new Error('the tunnel was closed'))
    this.session = undefined
  }

  up(signal: AbortSignal): Promise<void> {
    if (this.session) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const done = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        this.#waiting.delete(done)
        reject(signal.reason as Error)
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
    })
  }

  async #keep(): Promise<void> {
    const { clock, log } = this.#options
    const backoff = new Backoff({ initial: 75, max: 2_000, factor: 1.5 })
    let lost = clock.now()
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#hold(() => {
          backoff.forget('')
          lost = Infinity
        })
        log.info('tunnel closed', { node: this.#node })
      } catch (error) {
        log.debug('tunnel not up', { node: this.#node, error: messageOf(error) })
      }
      this.session = undefined
      if (lost === Infinity) lost = clock.now()
      const pause = clock.now() - lost < startMs ? redialMs : backoff.next('')
      await sleep(clock, pause, this.#stopped.signal).catch(() => undefined)
    }
  }

  /** Dials both directions and resolves when either has ended. */
  async #hold(isUp: () => void): Promise<void> {
    const [forward, backward] = await Promise.all([this.#dial('h2'), this.#dial('slipway-reverse')])
    const client = connectHttp2(`https://${this.#node}`, { createConnection: () => forward, ...settings })
    const server = performServerHandshake(backward, settings)
    serveWorker(server, this.#options)
    const sessions: Http2Session[] = [client, server]
    const stop = (): void => {
      for (const session of sessions) session.destroy()
    }
    this.#stopped.signal.addEventListener('abort', stop, { once: true })
    const stopPings = keepAlive(client, stop)
    try {
      await new Promise<void>((resolve, reject) => {
        // The first SETTINGS frame shows that the worker has accepted the client; a refused client gets none.
        client.once('remoteSettings', () => {
          client.setLocalWindowSize(sessionWindow)
          this.session = client
          isUp()
          for (const wake of [...this.#waiting]) wake()
          this.#waiting.clear()
        })
        for (const session of sessions) {
          session.once('error', reject)
          session.once('close', () => resolve())
        }
      })
    } finally {
      stopPings()
      this.#stopped.signal.removeEventListener('abort', stop)
      stop()
    }
  }

  #dial(protocol: 'h2' | 'slipway-reverse'): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        ...this.#options.tls,
        host: '127.0.0.1',
        port: this.port,
        servername: this.#node,
        ALPNProtocols: [protocol],
      })
      const timer = setTimeout(() => socket.destroy(new Error('no answer')), 10_000)
      socket.setNoDelay(true)
      socket.once('error', reject)
      socket.once('close', () => clearTimeout(timer))
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        socket.off('error', reject)
        socket.on('error', () => undefined)
        resolve(socket)
      })
    })
  }
}

/** A paused or stopped worker does not close its sockets: an unanswered ping ends the tunnel. */
function keepAlive(session: ClientHttp2Session, end: () => void): () => void {
  let waiting: NodeJS.Timeout | undefined
  const timer = setInterval(() => {
    if (waiting || session.destroyed) return
    waiting = setTimeout(end, pingTimeout)
    session.ping(() => {
      clearTimeout(waiting)
      waiting = undefined
    })
  }, pingInterval)
  return () => {
    clearInterval(timer)
    clearTimeout(waiting)
  }
}

/** Number of images that may be sent to one worker at once. */
const mostImages = 16

/**
 * Requests that workers may send to the host: connections to the API server and to the registry of the cluster, images by
 * reference, and how the user is signed in to the registry of one. Workers are not trusted: their requests are parsed here
 * before anything reaches the engine.
 */
function serveWorker(session: ServerHttp2Session, options: TunnelsOptions): void {
  let sending = 0
  session.on('error', () => undefined)
  session.on(
    'stream',
    createEdge<ServerHttp2Stream>({
      name: 'worker',
      log: options.log,
      async handle(stream, { method, segments: [folder, name = '', ...rest], query, authority }) {
        if (authority) {
          await joinLoopback(stream, portFor(authority, options))
          return
        }
        if ((folder !== 'images' && folder !== 'credentials') || rest.length > 0)
          throw new RequestRefused(404, 'not found')
        const reference = readReference(name)
        if (folder === 'credentials') await sendCredentials(stream, method, reference, options)
        else if (method === 'HEAD') await describeImage(stream, reference, options)
        else if (method !== 'GET') throw new RequestRefused(405, 'images are requested by GET or HEAD')
        else if (sending >= mostImages) throw new RequestRefused(503, 'too many images at once')
        else {
          sending++
          await sendImage(stream, reference, presentLayers(query), options).finally(() => sending--)
        }
      },
    }),
  )
}

/** @throws RequestRefused 400 */
function readReference(text: string): string {
  try {
    return taggedImage(text)
  } catch (error) {
    if (error instanceof InvalidImageReference) throw new RequestRefused(400, error.message)
    throw error
  }
}

/** The port of 127.0.0.1 that a worker may connect to by this name. @throws RequestRefused 403 */
function portFor({ host, port }: Authority, { apiServerPort, registryPort }: TunnelsOptions): number {
  if (host === 'apiserver' && port === 443) return apiServerPort()
  const registry = registryPort?.()
  if (host === 'registry' && port === 443 && registry !== undefined) return registry
  throw new RequestRefused(403, 'not allowed')
}

/** @throws RequestRefused 503 when nothing responds there */
async function joinLoopback(stream: ServerHttp2Stream, port: number): Promise<void> {
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true })
  stream.once('close', () => socket.destroy())
  const isConnected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.on('error', () => stream.close())
  if (!isConnected) throw new RequestRefused(503, 'nothing responds there')
  if (!respond(stream, { ':status': 200 })) {
    socket.destroy()
    return
  }
  stream.pipe(socket)
  socket.pipe(stream)
}

async function describeImage(
  stream: ServerHttp2Stream,
  reference: string,
  { findImage }: TunnelsOptions,
): Promise<void> {
  const image = await findImage?.(reference)
  const headers = image
    ? { ':status': 200, 'image-id': image.id, 'image-layers': image.layers.join(' ') }
    : { ':status': 404 }
  respond(stream, headers, { endStream: true })
}

/** `?id=sha256:…&layers=3`: what the worker has of the image. @throws RequestRefused 400 */
function presentLayers(query: URLSearchParams): PresentLayers | undefined {
  const [id, layers = ''] = [query.get('id'), query.get('layers') ?? undefined]
  if (id === null) return undefined
  if (!/^\d{1,3}$/.test(layers)) throw new RequestRefused(400, 'layers is not a number')
  return { id, layers: Number(layers) }
}

async function sendCredentials(
  stream: ServerHttp2Stream,
  method: string,
  reference: string,
  { credentials }: TunnelsOptions,
): Promise<void> {
  if (method !== 'GET') throw new RequestRefused(405, 'credentials are requested by GET')
  const found = (await credentials?.(reference)) ?? []
  if (respond(stream, { ':status': 200, 'content-type': 'application/json' })) stream.end(JSON.stringify(found))
}

async function sendImage(
  stream: ServerHttp2Stream,
  reference: string,
  present: PresentLayers | undefined,
  { fetchImage }: TunnelsOptions,
): Promise<void> {
  const image = await fetchImage(reference, present)
  if (!image) throw new RequestRefused(404, 'no such image')
  if (respond(stream, { ':status': 200, 'content-type': 'application/x-tar' })) await pipeline(image, stream)
  else image.destroy()
}
