import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { isTrue } from '#shared/base/is-true.ts'
import type { Log } from '#shared/base/log.ts'
import { createEdge, RequestRefused, respond, type EdgeRequest } from '#shared/base/request-edge.ts'
import type { ClusterVolumes } from './cluster-volumes.ts'
import { serveCommand } from './command-stream.ts'
import type { Flows } from './flow.ts'
import { serveImages, type ImageStore } from './image-store.ts'
import type { NodePages, Page } from './node-pages.ts'
import {
  commandOf,
  containerTarget,
  openAttach,
  openContainerLogs,
  openExec,
  openPort,
  podTarget,
  runCommandIn,
  wholeNumber,
  type PodAccessOptions,
} from './pod-access.ts'
import { joinPort } from './pod-connection.ts'
import type { ExecSession } from './runtime/runtime.ts'

export interface KubeletServerOptions extends PodAccessOptions {
  flows: Flows
  pages: NodePages
  volumes: ClusterVolumes
  /** Ends the pods of this node, which is about to be stopped. */
  shutDown(): Promise<void>
  /** The limits of this worker may be others than they were. */
  limitsChanged(): Promise<void> | void
  imageStore: ImageStore
  onFault(): void
  log: Log
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
      const [verb = ''] = request.segments
      const page = options.pages.find(request.segments, request.query)
      if (page) return sendPage(stream, request.method, page)
      if (verb === 'volumes') return changeVolume(options.volumes, stream, request)
      // Answered when the pods have ended, or their time is over.
      if (verb === 'shutdown') return carryOut(stream, request, { what: 'shutdown', act: () => options.shutDown() })
      if (verb === 'limits') return carryOut(stream, request, { what: 'limits', act: () => options.limitsChanged() })
      if (verb === 'images') return serveImages(options.imageStore, stream, request)
      const route = routes.get(verb)
      if (!route) throw new RequestRefused(404, 'not found')
      if (request.method !== route.method) throw new RequestRefused(405, `${verb} requires ${route.method}`)
      await route.serve(options, { ...request, stream })
    },
  })
}

interface KubeletRequest extends EdgeRequest {
  stream: ServerHttp2Stream
}

type Serve = (options: KubeletServerOptions, request: KubeletRequest) => Promise<void>

const routes: ReadonlyMap<string, { method: string; serve: Serve }> = new Map([
  ['containerLogs', { method: 'GET', serve: containerLogs }],
  ['exec', { method: 'POST', serve: exec }],
  ['attach', { method: 'POST', serve: attach }],
  ['portForward', { method: 'POST', serve: portForward }],
  ['run', { method: 'POST', serve: run }],
])

async function sendPage(stream: ServerHttp2Stream, method: string, page: () => Promise<Page>): Promise<void> {
  if (method !== 'GET') throw new RequestRefused(405, 'GET is required')
  const { type, body } = await page()
  if (respond(stream, { ':status': 200, 'content-type': type })) stream.end(body)
}

/** A `POST` that asks for something to be done, and is answered when it is. @param what names it in the refusal */
async function carryOut(
  stream: ServerHttp2Stream,
  { method }: EdgeRequest,
  { what, act }: { what: string; act(): Promise<void> | void },
): Promise<void> {
  if (method !== 'POST') throw new RequestRefused(405, `${what} requires POST`)
  await act()
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

async function exec(options: KubeletServerOptions, request: KubeletRequest): Promise<void> {
  const { query, segments } = request
  const streams = { stdin: isTrue(query.get('stdin') ?? ''), tty: isTrue(query.get('tty') ?? '') }
  await sendCommand(
    options,
    request,
    await openExec(options, containerTarget(segments), streams, query.getAll('command')),
  )
}

async function attach(options: KubeletServerOptions, request: KubeletRequest): Promise<void> {
  const { query, segments } = request
  const stdin = isTrue(query.get('stdin') ?? '')
  await sendCommand(options, request, await openAttach(options, containerTarget(segments), { stdin }))
}

async function sendCommand(
  { flows }: KubeletServerOptions,
  { stream }: KubeletRequest,
  session: ExecSession,
): Promise<void> {
  if (respond(stream, { ':status': 200 })) await serveCommand(stream, session, flows)
  else session.end()
}

async function portForward(options: KubeletServerOptions, { stream, segments, query }: KubeletRequest): Promise<void> {
  const connection = await openPort(options, podTarget(segments), wholeNumber(query, 'port', 1))
  if (respond(stream, { ':status': 200 })) await joinPort(stream, connection, options.flows)
  else connection.end()
}

async function run(options: KubeletServerOptions, { stream, segments, query }: KubeletRequest): Promise<void> {
  const output = await runCommandIn(options, containerTarget(segments), commandOf(query))
  if (respond(stream, { ':status': 200, 'content-type': 'text/plain' })) stream.end(output)
}
