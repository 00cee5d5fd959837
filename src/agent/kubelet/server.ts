import { spawn } from 'node:child_process'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import type { Log } from '#shared/base/log.ts'
import { channels, decodeJson, encodeFrame, encodeJsonFrame, FrameDecoder } from '#shared/kube/stream-frames.ts'
import type { AttachSession, ObservedContainer, Runtime } from './runtime/runtime.ts'

export interface KubeletServerOptions {
  runtime: Runtime
  /** UID and address of a pod of this node. */
  findPod(namespace: string, name: string): { uid: string; ip?: string } | undefined
  log: Log
}

/** The kubelet's own API, on streams of the tunnel: logs, exec, attach, port-forward. */
export function createKubeletServer(
  options: KubeletServerOptions,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  return (stream, headers) => {
    const url = new URL(headers[':path'] ?? '/', 'http://kubelet')
    const [verb = '', namespace = '', pod = '', container = ''] = url.pathname
      .slice(1)
      .split('/')
      .map(decodeURIComponent)
    const handler = handlers[verb]
    if (!handler) {
      fail(stream, 404, 'not found')
      return
    }
    handler(options, { stream, query: url.searchParams, namespace, pod, container }).catch((error: unknown) =>
      fail(stream, (error as { status?: number }).status ?? 500, (error as Error).message),
    )
  }
}

interface Request {
  stream: ServerHttp2Stream
  query: URLSearchParams
  namespace: string
  pod: string
  container: string
}

const handlers: Record<string, (options: KubeletServerOptions, request: Request) => Promise<void>> = {
  async healthz(_options, { stream }) {
    stream.respond({ ':status': 200, 'content-type': 'text/plain' })
    stream.end('ok')
  },
  containerLogs,
  exec,
  attach,
  portForward,
}

const refuse = (status: number, message: string): Error => Object.assign(new Error(message), { status })

function fail(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.destroyed) return
  if (stream.headersSent) {
    stream.close()
    return
  }
  stream.respond({ ':status': status, 'content-type': 'text/plain' })
  stream.end(message)
}

function podOf({ findPod }: KubeletServerOptions, { namespace, pod }: Request): { uid: string; ip?: string } {
  const found = findPod(namespace, pod)
  if (!found) throw refuse(404, `pod "${namespace}/${pod}" is not on this node`)
  return found
}

function containerOf(options: KubeletServerOptions, request: Request, previous = false): ObservedContainer {
  const attempts = options.runtime
    .containers(podOf(options, request).uid)
    .filter(({ name, sandbox }) => !sandbox && name === request.container)
  const begun = attempts.filter(({ state }) => state !== 'created')
  const chosen = previous ? begun.at(-2) : begun.at(-1)
  if (chosen) return chosen
  if (previous)
    throw refuse(400, `previous terminated container "${request.container}" in pod "${request.pod}" not found`)
  throw refuse(400, `container "${request.container}" in pod "${request.pod}" is waiting to start: ContainerCreating`)
}

async function containerLogs(options: KubeletServerOptions, request: Request): Promise<void> {
  const { stream, query } = request
  const container = containerOf(options, request, query.get('previous') === 'true')
  const limit = query.has('limitBytes') ? Number(query.get('limitBytes')) : Infinity
  const follow = query.get('follow') === 'true' && container.state === 'running'
  const logs = await options.runtime.logs(container.id, {
    follow,
    timestamps: query.get('timestamps') === 'true',
    ...(query.has('tailLines') ? { tail: Number(query.get('tailLines')) } : {}),
    ...sinceOf(query),
  })
  stream.on('close', () => logs.destroy())
  stream.respond({ ':status': 200, 'content-type': 'text/plain' })
  await send(logs, stream, limit)
}

function sinceOf(query: URLSearchParams): { since?: number } {
  if (query.has('sinceSeconds')) return { since: Math.floor(Date.now() / 1_000) - Number(query.get('sinceSeconds')) }
  const time = query.get('sinceTime')
  return time ? { since: Date.parse(time) / 1_000 } : {}
}

/** Copies until the end or the limit, no faster than the reader reads. */
async function send(source: Readable, stream: ServerHttp2Stream, limit: number): Promise<void> {
  let left = limit
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (stream.destroyed) return
    const part = chunk.length > left ? chunk.subarray(0, left) : chunk
    left -= part.length
    if (!stream.write(part)) await new Promise((resolve) => stream.once('drain', resolve).once('close', resolve))
    if (left <= 0) break
  }
  stream.end()
}

async function exec(options: KubeletServerOptions, request: Request): Promise<void> {
  const { query, stream } = request
  const container = running(containerOf(options, request))
  const tty = isSet(query, 'tty')
  const session = await options.runtime.exec(container.id, query.getAll('command'), {
    stdin: isSet(query, 'stdin'),
    tty,
  })
  stream.respond({ ':status': 200 })
  const carried = carry(session, stream)
  const { code, failure } = await session.exit()
  await carried
  finish(
    stream,
    failure === undefined ? exitStatus(code) : failureStatus(`error executing command in container: ${failure}`),
  )
}

async function attach(options: KubeletServerOptions, request: Request): Promise<void> {
  const { query, stream } = request
  const container = running(containerOf(options, request))
  const session = await options.runtime.attach(container.id, { stdin: isSet(query, 'stdin'), tty: container.tty })
  stream.respond({ ':status': 200 })
  await carry(session, stream)
  finish(stream, exitStatus(0))
}

const isSet = (query: URLSearchParams, name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '')

function running(container: ObservedContainer): ObservedContainer {
  if (container.state === 'running') return container
  throw refuse(400, `container ${container.name} is not running`)
}

/**
 * Joins a session to a stream of frames, both ways, each no faster than the other end takes it.
 * @returns once all that the process has written is on its way, or nobody is there to take it
 */
function carry(session: AttachSession, stream: ServerHttp2Stream): Promise<unknown> {
  const ended = [session.stdout, session.stderr].map(
    (source) => new Promise((resolve) => source.once('end', resolve).once('close', resolve)),
  )
  for (const [source, channel] of [
    [session.stdout, channels.stdout],
    [session.stderr, channels.stderr],
  ] as const) {
    source.on('data', (chunk: Buffer) => {
      if (stream.destroyed || stream.writableEnded) return
      if (!stream.write(encodeFrame(channel, chunk))) {
        source.pause()
        stream.once('drain', () => source.resume())
      }
    })
  }
  const decoder = new FrameDecoder()
  stream.on('data', (chunk: Buffer) => {
    for (const { channel, payload } of decoder.push(chunk)) {
      if (channel === channels.stdin) session.stdin.write(payload)
      else if (channel === channels.close && payload[0] === channels.stdin) session.stdin.end()
      else if (channel === channels.resize) {
        const { Width, Height } = decodeJson(payload) as { Width: number; Height: number }
        session.resize({ columns: Width, rows: Height }).catch(() => undefined)
      }
    }
  })
  session.stdin.on('error', () => undefined)
  const gone = new Promise<void>((resolve) => {
    stream.on('close', () => {
      session.end()
      resolve()
    })
  })
  return Promise.race([Promise.all(ended), gone])
}

function finish(stream: ServerHttp2Stream, status: unknown): void {
  if (!stream.destroyed) stream.end(encodeJsonFrame(channels.error, status))
}

const exitStatus = (code: number): unknown =>
  code === 0
    ? { metadata: {}, status: 'Success' }
    : {
        metadata: {},
        status: 'Failure',
        message: `command terminated with exit code ${code}`,
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
      }

const failureStatus = (message: string): unknown => ({
  metadata: {},
  status: 'Failure',
  message,
  reason: 'InternalError',
  code: 500,
})

async function portForward(options: KubeletServerOptions, request: Request): Promise<void> {
  const { stream, query } = request
  const { uid, ip } = podOf(options, request)
  const port = Number(query.get('port'))
  if (!ip) throw refuse(400, `pod "${request.pod}" has no address yet`)
  const socket = connect({ host: ip, port, noDelay: true })
  const reached = await new Promise<boolean>((resolve) =>
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
  )
  if (reached) {
    stream.respond({ ':status': 200 })
    join(stream, socket, socket)
    socket.on('close', () => stream.end())
    stream.on('close', () => socket.destroy())
    return
  }
  await forwardInside(options, uid, port, stream)
}

/** For a server that listens on the pod's own 127.0.0.1 only: connects from within the pod's network. */
async function forwardInside(
  { runtime }: KubeletServerOptions,
  uid: string,
  port: number,
  stream: ServerHttp2Stream,
): Promise<void> {
  const sandbox = runtime.containers(uid).findLast((container) => container.sandbox && container.state === 'running')
  if (!sandbox) throw refuse(500, 'the pod has no sandbox')
  const script = `const s=require('net').connect(${port},'127.0.0.1');s.on('error',e=>{process.stderr.write(e.message);process.exit(1)});s.on('connect',()=>process.stderr.write('ok'));process.stdin.pipe(s);s.pipe(process.stdout);s.on('close',()=>process.exit(0))`
  const child = spawn('nsenter', ['-t', String(sandbox.pid), '-n', process.execPath, '-e', script])
  const answer = await new Promise<string>((resolve) => {
    child.stderr.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')))
    child.once('close', () => resolve('the connection was refused'))
  })
  if (answer !== 'ok') throw refuse(500, `failed to connect to localhost:${port} inside namespace: ${answer}`)
  stream.respond({ ':status': 200 })
  join(stream, child.stdout, child.stdin)
  child.on('close', () => stream.end())
  stream.on('close', () => child.kill())
}

function join(stream: ServerHttp2Stream, from: Readable, to: NodeJS.WritableStream): void {
  to.on('error', () => undefined)
  from.on('error', () => undefined)
  stream.pipe(to)
  from.pipe(stream)
}
