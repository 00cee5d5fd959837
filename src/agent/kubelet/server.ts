import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { Log } from '#shared/base/log.ts'
import { createEdge, RequestRefused, respond, type EdgeRequest } from '#shared/base/request-edge.ts'
import type { ClusterVolumes } from './cluster-volumes.ts'
import { serveCommand } from './command-stream.ts'
import type { Flows } from './flow.ts'
import { serveImages, type ImageStore } from './image-store.ts'
import type { NodePages, Page } from './node-pages.ts'
import { connectToPod } from './pod-connection.ts'
import type { ObservedContainer, Runtime } from './runtime/runtime.ts'

export interface KubeletServerOptions {
  runtime: Runtime
  /** A pod of this node. */
  findPod(namespace: string, name: string): FoundPod | undefined
  flows: Flows
  pages: NodePages
  volumes: ClusterVolumes
  /** Ends the pods of this node, which is about to be stopped. */
  shutDown(): Promise<void>
  imageStore: ImageStore
  onFault(): void
  log: Log
}

export interface FoundPod {
  uid: string
  ip?: string
  /** Containers whose status is `waiting`, as after a crash. */
  waiting?: readonly string[]
}

/**
 * The kubelet's API on streams of the tunnel, whose other end is the API server: pages about the node, logs, exec,
 * attach, port-forward.
 * Everything that runs commands in a pod or connects to one requires POST, so that read access to `nodes/proxy` does
 * not allow it.
 */
export function createKubeletServer(
  options: KubeletServerOptions,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  const { log, onFault } = options
  return createEdge<ServerHttp2Stream>({
    name: 'kubelet',
    log,
    onFault,
    async handle(stream, request) {
      const [verb = '', namespace = '', pod = '', container = ''] = request.segments
      const page = options.pages.find(request.segments, request.query)
      if (page) return sendPage(stream, request.method, page)
      if (verb === 'volumes') return changeVolume(options.volumes, stream, request)
      if (verb === 'shutdown') return shutDown(options, stream, request)
      if (verb === 'images') return serveImages(options.imageStore, stream, request.method)
      const route = routes.get(verb)
      if (!route) throw new RequestRefused(404, 'not found')
      if (request.method !== route.method) throw new RequestRefused(405, `${verb} requires ${route.method}`)
      await route.serve(options, { ...request, stream, namespace, pod, container })
    },
  })
}

interface KubeletRequest extends EdgeRequest {
  stream: ServerHttp2Stream
  namespace: string
  pod: string
  container: string
}

type Serve = (options: KubeletServerOptions, request: KubeletRequest) => Promise<void>

const routes: ReadonlyMap<string, { method: string; serve: Serve }> = new Map([
  ['containerLogs', { method: 'GET', serve: containerLogs }],
  ['exec', { method: 'POST', serve: exec }],
  ['attach', { method: 'POST', serve: attach }],
  ['portForward', { method: 'POST', serve: portForward }],
])

async function sendPage(stream: ServerHttp2Stream, method: string, page: () => Promise<Page>): Promise<void> {
  if (method !== 'GET') throw new RequestRefused(405, 'GET is required')
  const { type, body } = await page()
  if (respond(stream, { ':status': 200, 'content-type': type })) stream.end(body)
}

/** `POST /shutdown`: answered when the pods have ended, or their time is over. */
async function shutDown(
  options: Pick<KubeletServerOptions, 'shutDown'>,
  stream: ServerHttp2Stream,
  { method }: EdgeRequest,
): Promise<void> {
  if (method !== 'POST') throw new RequestRefused(405, 'shutdown requires POST')
  await options.shutDown()
  if (respond(stream, { ':status': 200 })) stream.end()
}

/** `DELETE /volumes/<name>`, and `POST /volumes/<name>?from=<name>` for a copy. */
async function changeVolume(
  volumes: ClusterVolumes,
  stream: ServerHttp2Stream,
  { method, segments, query }: EdgeRequest,
): Promise<void> {
  const [, name = ''] = segments
  if (method === 'DELETE') await volumes.remove(name)
  else if (method === 'POST') await volumes.copy(query.get('from') ?? '', name)
  else throw new RequestRefused(405, 'volumes requires DELETE or POST')
  if (respond(stream, { ':status': 200 })) stream.end()
}

function podOf(
  { findPod }: Pick<KubeletServerOptions, 'findPod'>,
  { namespace, pod }: Pick<KubeletRequest, 'namespace' | 'pod'>,
): FoundPod {
  const found = findPod(namespace, pod)
  if (!found) throw new RequestRefused(404, `pod "${namespace}/${pod}" is not on this node`)
  return found
}

/** @param previous the last run that has ended: while the container waits for its next one, that is the newest */
function containerOf(
  options: Pick<KubeletServerOptions, 'runtime' | 'findPod'>,
  request: Pick<KubeletRequest, 'namespace' | 'pod' | 'container'>,
  previous = false,
): ObservedContainer {
  const pod = podOf(options, request)
  const attempts = options.runtime
    .containers(pod.uid)
    .filter(({ name, sandbox }) => !sandbox && name === request.container)
  const begun = attempts.filter(({ state }) => state !== 'created')
  const newest = begun.at(-1)
  const isWaiting = newest?.state === 'exited' && pod.waiting?.includes(request.container)
  const chosen = previous && !isWaiting ? begun.at(-2) : newest
  if (chosen) return chosen
  const container = `container "${request.container}" in pod "${request.pod}"`
  throw new RequestRefused(
    400,
    previous ? `previous terminated ${container} not found` : `${container} is waiting to start: ContainerCreating`,
  )
}

async function containerLogs(options: KubeletServerOptions, request: KubeletRequest): Promise<void> {
  const { stream } = request
  const { logs, limit } = await openContainerLogs(options, request)
  if (stream.destroyed) logs.destroy()
  stream.once('close', () => logs.destroy())
  if (!respond(stream, { ':status': 200, 'content-type': 'text/plain' })) return
  await options.flows.copy(logs, stream, limit)
  logs.destroy()
  if (!stream.destroyed) stream.end()
}

/**
 * The output of a container, for `/containerLogs/<namespace>/<pod>/<container>`, and how many bytes of it are wanted.
 * @throws RequestRefused
 */
export async function openContainerLogs(
  options: Pick<KubeletServerOptions, 'runtime' | 'findPod'>,
  { segments, query }: Pick<EdgeRequest, 'segments' | 'query'>,
): Promise<{ logs: Readable; limit: number | undefined }> {
  const [, namespace = '', pod = '', name = ''] = segments
  const container = containerOf(options, { namespace, pod, container: name }, query.get('previous') === 'true')
  const limit = wholeNumber(query, 'limitBytes', 1)
  const tail = wholeNumber(query, 'tailLines', 0)
  const since = sinceOf(query)
  const logs = await options.runtime.logs(container.id, {
    follow: query.get('follow') === 'true' && container.state === 'running',
    timestamps: query.get('timestamps') === 'true',
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
  })
  logs.on('error', () => undefined)
  return { logs, limit }
}

/** An integer parameter. @throws RequestRefused 400 */
function wholeNumber(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text) || Number(text) < least) throw new RequestRefused(400, `${name} is not a valid number`)
  return Number(text)
}

/** Seconds since the epoch. @throws RequestRefused 400 */
function sinceOf(query: URLSearchParams): number | undefined {
  const seconds = wholeNumber(query, 'sinceSeconds', 0)
  if (seconds !== undefined) return Math.floor(Date.now() / 1_000) - seconds
  const text = query.get('sinceTime')
  if (!text) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new RequestRefused(400, 'sinceTime is not a valid time')
  return time / 1_000
}

async function exec(options: KubeletServerOptions, request: KubeletRequest): Promise<void> {
  const { query, stream } = request
  const command = query.getAll('command')
  if (command.length === 0) throw new RequestRefused(400, 'a command is missing')
  const container = running(containerOf(options, request))
  const session = await options.runtime.exec(container.id, command, {
    stdin: isSet(query, 'stdin'),
    tty: isSet(query, 'tty'),
  })
  await serveCommand(stream, session, options.flows, () => session.exit())
}

async function attach(options: KubeletServerOptions, request: KubeletRequest): Promise<void> {
  const { query, stream } = request
  const container = running(containerOf(options, request))
  const session = await options.runtime.attach(container.id, { stdin: isSet(query, 'stdin'), tty: container.tty })
  await serveCommand(stream, session, options.flows, async () => ({ code: 0 }))
}

const isSet = (query: URLSearchParams, name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '')

function running(container: ObservedContainer): ObservedContainer {
  if (container.state === 'running') return container
  throw new RequestRefused(400, `container ${container.name} is not running`)
}

async function portForward(options: KubeletServerOptions, request: KubeletRequest): Promise<void> {
  const { stream, query, pod } = request
  const { uid, ip } = podOf(options, request)
  const port = wholeNumber(query, 'port', 1)
  if (port === undefined || port > 65_535) throw new RequestRefused(400, 'port is not a valid port')
  if (!ip) throw new RequestRefused(400, `pod "${pod}" has no address yet`)
  const sandbox = options.runtime
    .containers(uid)
    .findLast((container) => container.sandbox && container.state === 'running')
  const connection = await connectToPod({ ip, port, sandboxPid: sandbox?.pid })
  stream.once('close', () => connection.end())
  if (stream.destroyed || !respond(stream, { ':status': 200 })) {
    connection.end()
    return
  }
  void options.flows.copy(connection.output, stream).then(
    () => stream.end(),
    () => stream.close(),
  )
  await options.flows.copy(stream, connection.input)
  connection.input.end()
}
