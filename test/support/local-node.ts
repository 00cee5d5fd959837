import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import type { NodeConnector, NodeRequest, NodeResponse } from '#main/cluster/apiserver/egress/node-connector.ts'
import {
  channels,
  decodeJson,
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  type TerminalSize,
} from '#shared/kube/stream-frames.ts'

/**
 * A node without Docker: its "containers" are processes of this machine, its pods' ports are ports of 127.0.0.1. It
 * speaks the kubelet API that the API server expects of the agent.
 */
export interface LocalNode extends NodeConnector {
  /** Requests so far, as `METHOD path`. */
  readonly requests: string[]
  /** Connections so far, as `node ip:port`. */
  readonly connections: string[]
  /** Sizes that terminals have been given. */
  readonly sizes: TerminalSize[]
  /** Adds a line to a container's log; following readers get it. */
  write(container: string, line: string): void
  /** Ends the log: the container has stopped. */
  endLog(container: string): void
  /** Directory in which commands run. */
  cwd: string | undefined
  /** Where `port` of a pod is to be found on 127.0.0.1; the same number when not set. */
  readonly ports: Map<number, number>
  /** Processes that still run. */
  readonly running: Set<ChildProcessWithoutNullStreams>
  stop(): void
}

interface Log {
  lines: string[]
  ended: boolean
  changed: EventEmitter
}

export function createLocalNode(): LocalNode {
  const logs = new Map<string, Log>()
  const logOf = (container: string): Log => {
    let log = logs.get(container)
    if (!log) logs.set(container, (log = { lines: [], ended: false, changed: new EventEmitter() }))
    return log
  }
  const node: LocalNode = {
    requests: [],
    connections: [],
    sizes: [],
    cwd: undefined,
    ports: new Map(),
    running: new Set(),
    write(container, line) {
      logOf(container).lines.push(`${line}\n`)
      logOf(container).changed.emit('change')
    },
    endLog(container) {
      logOf(container).ended = true
      logOf(container).changed.emit('change')
    },
    async request(_node, request) {
      node.requests.push(`${request.method} ${request.path}`)
      const url = new URL(request.path, 'http://node')
      const [, action = '', , , container = ''] = url.pathname.split('/')
      if (action === 'containerLogs') return answerLog(logOf(container), url.searchParams)
      if (action === 'exec' || action === 'attach') return run(node, url.searchParams, action)
      if (action === 'portForward') return dial(node, Number(url.searchParams.get('port')))
      return echo(request)
    },
    connect: async (name, authority) => {
      node.connections.push(`${name} ${authority}`)
      return connectTo(node, Number(authority.split(':').at(-1)))
    },
    stop() {
      for (const child of node.running) child.kill('SIGKILL')
    },
  }
  return node
}

/** Two ends of one stream; like a socket's, the loss of one is the loss of the other. */
function streamPair(): [Duplex, Duplex] {
  const [one, other] = duplexPair()
  const cut = (end: Duplex, peer: Duplex): void => {
    end.on('error', () => undefined)
    end.once('close', () => {
      if (!end.readableEnded || !end.writableFinished) peer.destroy()
    })
  }
  cut(one, other)
  cut(other, one)
  return [one, other]
}

function refuse(status: number, text: string): NodeResponse {
  const [server, client] = streamPair()
  server.end(text)
  return { status, headers: {}, stream: client }
}

function echo({ method, path }: NodeRequest): NodeResponse {
  const [server, client] = streamPair()
  server.end(`${method} ${path}`)
  return { status: 200, headers: { 'content-type': 'text/plain' }, stream: client }
}

function answerLog(log: Log, query: URLSearchParams): NodeResponse {
  const [server, client] = streamPair()
  const tail = query.get('tailLines')
  let at = tail === null ? 0 : Math.max(0, log.lines.length - Number(tail))
  const send = (): void => {
    if (server.writableEnded) return
    for (; at < log.lines.length; at++) server.write(log.lines[at])
    if (query.get('follow') === null || query.get('follow') === 'false' || log.ended) server.end()
  }
  log.changed.on('change', send)
  server.once('close', () => log.changed.off('change', send))
  server.resume()
  send()
  return { status: 200, headers: {}, stream: client }
}

function run(node: LocalNode, query: URLSearchParams, action: string): NodeResponse {
  const words = action === 'exec' ? query.getAll('command') : ['cat']
  const [server, client] = streamPair()
  const [file = '', ...args] = words
  const child = spawn(file, args, { cwd: node.cwd })
  node.running.add(child)
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => server.write(encodeFrame(channels.stdout, chunk)))
  child.stderr.on('data', (chunk: Buffer) => {
    server.write(encodeFrame(query.get('tty') ? channels.stdout : channels.stderr, chunk))
  })
  child.once('error', (error) => server.end(encodeJsonFrame(channels.error, failureOf(127, error.message))))
  child.once('close', (code) => {
    node.running.delete(child)
    if (code !== null) server.end(encodeJsonFrame(channels.error, statusOf(code)))
    else server.destroy()
  })
  server.once('close', () => child.kill('SIGKILL'))
  if (!query.get('stdin')) child.stdin.end()
  void readFrames(node, server, child)
  return { status: 200, headers: {}, stream: client }
}

async function readFrames(node: LocalNode, server: Duplex, child: ChildProcessWithoutNullStreams): Promise<void> {
  const decoder = new FrameDecoder()
  try {
    for await (const chunk of server) {
      for (const { channel, payload } of decoder.push(chunk as Buffer)) {
        if (channel === channels.stdin && !child.stdin.write(payload)) await once(child.stdin, 'drain')
        if (channel === channels.close && payload[0] === channels.stdin) child.stdin.end()
        if (channel === channels.resize) node.sizes.push(decodeJson(payload) as TerminalSize)
      }
    }
  } catch {
    // The other side has gone.
  }
}

const statusOf = (code: number): object =>
  code === 0
    ? { metadata: {}, status: 'Success' }
    : failureOf(code, `command terminated with non-zero exit code: exit status ${code}`)

const failureOf = (code: number, message: string): object => ({
  metadata: {},
  status: 'Failure',
  message,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
})

async function dial(node: LocalNode, port: number): Promise<NodeResponse> {
  try {
    return { status: 200, headers: {}, stream: await connectTo(node, port) }
  } catch (error) {
    return refuse(500, String(error))
  }
}

async function connectTo(node: LocalNode, port: number): Promise<Duplex> {
  const socket = connectSocket({ port: node.ports.get(port) ?? port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}
