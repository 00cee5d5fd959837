import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type {
  AttachOptions,
  ContextInfo,
  ExecOptions,
  LogOptions,
  TerminalInput,
  TerminalOutput,
  Verdict,
} from '#shared/contract/kube.ts'
import { errorOf } from '#shared/client/answer-error.ts'
import { failure } from '#shared/kube/status.ts'
import type { MachineLink } from './machine-link.ts'
import { terminalResult } from './exec-status.ts'
import { podStream } from './pod-stream.ts'
import { polledUsage } from './polled-usage.ts'
import { prometheusUsage } from './prometheus-usage.ts'
import type { ContextHistory } from './object-history.ts'
import type { ContextUsage } from './usage.ts'

/** @param key `namespace/name` of a pod */
type Judge = (key: string) => { scheduler: string; nodes: Verdict[] } | undefined

/** How to reach one Kubernetes API server, with its credentials; never leaves the main process. */
export interface Endpoint {
  server: URL
  /** Called for each request, so that credentials can rotate. @throws Error when credentials cannot be obtained */
  connection(): Promise<Connection>
  /** Drops credentials and closes connections. */
  stop: Stop
}

/** Connection and credentials of one request. */
export interface Connection {
  /** Credentials in headers. */
  headers: Record<string, string | string[]>
  /** Holds the connections, the CA and the client certificate; Node's own agent for plain HTTP. */
  agent?: Agent
  /** Set when other credentials may be had once the server has refused these. */
  refused?: () => void
}

/** An endpoint with a fixed client certificate. */
export function certificateEndpoint(server: URL, tls: { ca: string; cert: string; key: string }): Endpoint {
  const agent = new HttpsAgent({ keepAlive: true, ...tls })
  return { server, connection: () => Promise.resolve({ headers: {}, agent }), stop: () => agent.destroy() }
}

export interface RawResponse {
  status: number
  body: string
  warnings: string[]
}

export interface RawRequest {
  method: string
  path: string
  body?: string | Buffer | undefined
  contentType?: string | undefined
  accept?: string | undefined
  signal?: AbortSignal
}

/** What a user types into a program, until they disconnect. */
export interface TerminalIo {
  onInput(listener: (input: TerminalInput) => void): void
  signal: AbortSignal
}

/** The client of one Kubernetes API for the user interface; the same for local clusters and kubeconfig contexts. */
export interface KubeContext {
  readonly info: ContextInfo
  /** Of its nodes and pods. */
  readonly usage: ContextUsage
  /** The versions of its objects; undefined where nobody keeps them. */
  readonly history?: ContextHistory
  /** What the scheduler's filters say of a pod on each node; unset where the scheduler is not Slipway's. */
  readonly judge?: Judge
  /** Unset where its workers are simulated or run elsewhere. */
  readonly link?: MachineLink
  /** @throws ApiError where the user has locked it against changes */
  requireWritable(): Promise<void>
  /** @throws ApiError only when no HTTP response arrived. */
  request(request: RawRequest): Promise<RawResponse>
  /** The response as it comes, of whatever type: for a program that speaks Kubernetes itself. */
  open(request: RawRequest): Promise<IncomingMessage>
  /** Opens a streaming GET (watch, logs). `onText` may return a promise to pause the sender. */
  stream(
    request: { path: string; accept?: string; signal: AbortSignal },
    onText: (text: string) => Promise<void>,
  ): Promise<void>
  exec(options: ExecOptions, io: TerminalIo, onOutput: (output: TerminalOutput) => Promise<void>): Promise<void>
  /** Connects to the program that a container runs already. */
  attach(options: AttachOptions, io: TerminalIo, onOutput: (output: TerminalOutput) => Promise<void>): Promise<void>
  /** Opens a connection to a port of a pod. @throws Error with the server's reason */
  forwardPort(pod: { namespace: string; pod: string; port: number }): Promise<Duplex>
  stop: Stop
}

/** @param options `info` is visible to the user interface; `endpoint` is not. */
export function createKubeContext({
  info,
  endpoint,
  usage,
  history,
  judge,
  link,
}: {
  info: ContextInfo
  endpoint: Endpoint
  /** Its Prometheus is asked when unset, else its Metrics API. */
  usage?: ContextUsage
  history?: ContextHistory
  judge?: Judge
  link?: MachineLink | undefined
}): KubeContext {
  const closing = new AbortController()
  const untilClosed = (signal?: AbortSignal): AbortSignal =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
  const dial = (request: RawRequest): Promise<IncomingMessage> =>
    open(endpoint, { ...request, signal: untilClosed(request.signal) })

  const request = async (raw: RawRequest): Promise<RawResponse> => {
    const response = await dial(raw)
    const body = await text(response).catch((error: unknown) => {
      if (raw.signal?.aborted) throw error
      throw unreachable(`${endpoint.server.host} broke its answer off`, error)
    })
    return { status: response.statusCode ?? 500, body, warnings: warningsOf(response) }
  }
  const get = (path: string): Promise<RawResponse> => request({ method: 'GET', path })
  const polled = polledUsage({ get, clock: systemClock })

  return {
    info,
    usage: usage ?? prometheusUsage({ get, clock: systemClock, fallback: polled }),
    ...(history ? { history } : {}),
    ...(judge ? { judge } : {}),
    ...(link ? { link } : {}),
    requireWritable: () => Promise.resolve(),
    request,
    open: dial,
    async stream({ path, accept, signal }, onText) {
      const response = await dial({ method: 'GET', path, accept, signal })
      if (response.statusCode !== 200) throw errorOf(response.statusCode ?? 500, await text(response))
      response.setEncoding('utf8')
      for await (const chunk of response) await onText(chunk as string)
    },
    exec: (options, io, onOutput) =>
      openTerminal(endpoint, execPath(options), { ...io, signal: untilClosed(io.signal) }, onOutput),
    attach: (options, io, onOutput) =>
      openTerminal(endpoint, attachPath(options), { ...io, signal: untilClosed(io.signal) }, onOutput),
    forwardPort: (pod) => forwardPort(endpoint, pod, closing.signal),
    stop() {
      void polled.stop()
      closing.abort()
      return endpoint.stop()
    },
  }
}

/** Path of a container's log with its options as query parameters. */
export function logPath(options: LogOptions): string {
  const query = new URLSearchParams()
  if (options.container) query.set('container', options.container)
  if (options.follow) query.set('follow', 'true')
  if (options.previous) query.set('previous', 'true')
  if (options.timestamps) query.set('timestamps', 'true')
  if (options.sinceSeconds) query.set('sinceSeconds', String(options.sinceSeconds))
  if (options.sinceTime) query.set('sinceTime', options.sinceTime)
  if (options.tailLines !== undefined) query.set('tailLines', String(options.tailLines))
  return `${podPath(options)}/log?${query.toString()}`
}

const podPath = ({ namespace, pod }: { namespace: string; pod: string }): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`

/** Asks once more, with renewed credentials, when the server refuses those that were kept. */
async function open(endpoint: Endpoint, request: RawRequest): Promise<IncomingMessage> {
  const connection = await connect(endpoint)
  const response = await send(endpoint, connection, request)
  if (response.statusCode !== 401 || !connection.refused) return response
  connection.refused()
  response.resume()
  return send(endpoint, await connect(endpoint), request)
}

async function send(
  endpoint: Endpoint,
  { agent, headers: credentials }: Connection,
  request: RawRequest,
): Promise<IncomingMessage> {
  const headers: Record<string, string | string[]> = { accept: request.accept ?? 'application/json', ...credentials }
  if (request.body !== undefined) {
    headers['content-type'] = request.contentType ?? 'application/json'
    headers['content-length'] = String(Buffer.byteLength(request.body))
  }
  const secure = endpoint.server.protocol === 'https:'
  const options: RequestOptions = {
    host: endpoint.server.hostname,
    port: endpoint.server.port || (secure ? 443 : 80),
    method: request.method,
    path: endpoint.server.pathname.replace(/\/$/, '') + request.path,
    headers,
    signal: request.signal,
    agent,
  }
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? httpsRequest : httpRequest)(options, resolve)
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (request.signal?.aborted) reject(error)
      else reject(unreachable(`cannot reach ${endpoint.server.host}`, error))
    })
    outgoing.end(request.body)
  })
}

const unreachable = (what: string, error: unknown): Error =>
  failure(503, 'ServiceUnavailable', `${what}: ${messageOf(error)}`)

/** @throws ApiError 401 with the reason, such as a credential plugin that failed */
async function connect(endpoint: Endpoint): Promise<Connection> {
  try {
    return await endpoint.connection()
  } catch (error) {
    throw failure(
      401,
      'Unauthorized',
      `no credentials for ${endpoint.server.host}: ${messageOf(error).trim().split('\n')[0] ?? ''}`,
    )
  }
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Texts of RFC 7234 `Warning: 299 - "…"` headers, as the API server sends deprecations. */
function warningsOf(response: IncomingMessage): string[] {
  const header = response.headers.warning
  if (!header) return []
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replace(/\\(.)/g, '$1'))
}

async function forwardPort(
  endpoint: Endpoint,
  pod: { namespace: string; pod: string; port: number },
  signal: AbortSignal,
): Promise<Duplex> {
  const url = webSocketUrl(endpoint, `${podPath(pod)}/portforward`, new URLSearchParams({ ports: String(pod.port) }))
  const { agent, headers } = await connect(endpoint)
  const socket = new WebSocket(url, ['v4.channel.k8s.io'], { agent, headers })
  const stream = podStream(socket)
  const abort = (): void => void stream.destroy()
  signal.addEventListener('abort', abort, { once: true })
  stream.once('close', () => signal.removeEventListener('abort', abort))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    stream.once('error', reject)
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      void text(response).then((body) => stream.destroy(errorOf(response.statusCode ?? 500, body)))
    })
  })
  return stream
}

function webSocketUrl(endpoint: Endpoint, path: string, query: URLSearchParams): URL {
  const url = new URL(endpoint.server)
  url.protocol = endpoint.server.protocol === 'https:' ? 'wss:' : 'ws:'
  url.pathname = endpoint.server.pathname.replace(/\/$/, '') + path
  url.search = query.toString()
  return url
}

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const

interface CommandPath {
  path: string
  query: URLSearchParams
}

function execPath(options: ExecOptions): CommandPath {
  const query = streamsQuery(options)
  for (const word of options.command) query.append('command', word)
  return { path: `${podPath(options)}/exec`, query }
}

const attachPath = (options: AttachOptions): CommandPath => ({
  path: `${podPath(options)}/attach`,
  query: streamsQuery(options),
})

function streamsQuery({ tty, container }: AttachOptions): URLSearchParams {
  const query = new URLSearchParams({ stdin: 'true', stdout: 'true', tty: String(tty) })
  if (!tty) query.set('stderr', 'true')
  if (container) query.set('container', container)
  return query
}

async function openTerminal(
  endpoint: Endpoint,
  { path, query }: CommandPath,
  io: TerminalIo,
  onOutput: (output: TerminalOutput) => Promise<void>,
): Promise<void> {
  const { agent, headers } = await connect(endpoint)
  const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
  const socket = new WebSocket(webSocketUrl(endpoint, path, query), protocols, { agent, headers })
  await bridgeTerminal(socket, io, onOutput)
}

/** Connects a terminal over the channel protocol until the process ends or the user interface disconnects. */
async function bridgeTerminal(
  socket: WebSocket,
  io: TerminalIo,
  onOutput: (output: TerminalOutput) => Promise<void>,
): Promise<void> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  // One promise chain keeps the order of output and lets a slow reader pause the process.
  let chain = Promise.resolve()
  let result: TerminalOutput = { exit: { message: 'the connection to the container was lost' } }
  const emit = (output: TerminalOutput): void => {
    socket.pause()
    chain = chain.then(() => onOutput(output)).then(() => socket.resume())
    chain.catch(() => socket.terminate())
  }
  socket.on('message', (message: Buffer) => {
    const payload = message.subarray(1)
    if (message[0] === channels.stdout) emit({ stdout: decoders.stdout.decode(payload, { stream: true }) })
    else if (message[0] === channels.stderr) emit({ stderr: decoders.stderr.decode(payload, { stream: true }) })
    else if (message[0] === channels.error) result = { exit: terminalResult(payload.toString('utf8')) }
  })
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
    socket.on('error', (error) => {
      result = { exit: { message: error.message } }
      resolve()
    })
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      void text(response).then((body) => {
        result = { exit: { message: errorOf(response.statusCode ?? 500, body).message } }
        resolve()
      })
    })
  })
  const pending: Buffer[] = []
  const send = (channel: number, payload: Buffer): void => {
    const frame = Buffer.concat([Buffer.from([channel]), payload])
    if (socket.readyState === WebSocket.CONNECTING) pending.push(frame)
    else if (socket.readyState === WebSocket.OPEN) socket.send(frame)
  }
  socket.on('open', () => {
    for (const frame of pending.splice(0)) socket.send(frame)
  })
  io.onInput((input) => {
    if ('stdin' in input) send(channels.stdin, Buffer.from(input.stdin, 'utf8'))
    else if ('resize' in input)
      send(channels.resize, Buffer.from(JSON.stringify({ Width: input.resize.columns, Height: input.resize.rows })))
    else if (socket.protocol === 'v5.channel.k8s.io') send(channels.close, Buffer.from([channels.stdin]))
  })
  const abort = (): void => socket.terminate()
  io.signal.addEventListener('abort', abort, { once: true })
  // Proxies and laptops drop idle connections; pings keep an idle shell open.
  const ping = setInterval(() => socket.readyState === WebSocket.OPEN && socket.ping(), 20_000)
  try {
    await ended
    await chain
    await onOutput(result)
  } finally {
    clearInterval(ping)
    io.signal.removeEventListener('abort', abort)
    socket.terminate()
  }
}
