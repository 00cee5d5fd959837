import { stripCredentials } from '../auth/strip-credentials.ts'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { DEFAULT_CIPHERS, type TLSSocket } from 'node:tls'
import type { Clock } from '#shared/base/clock.ts'
import { createFaultLog, type ReportFault } from '#shared/base/fault-log.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import {
  ApiError,
  failure,
  internal,
  methodNotSupported,
  notAcceptable,
  serviceUnavailable,
} from '#shared/kube/status.ts'
import type { Reservation } from '#main/http/connection-budget.ts'
import { connectionLimit } from '#main/http/connections.ts'
import { serveEdge, writeRefusal } from '#main/http/edge.ts'
import { auditIdOf, type Audit, type AuditRecord } from '../observability/audit.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { anonymous, type Authenticator, type UserInfo } from '../api/access.ts'
import { negotiate } from '../codec/negotiate.ts'
import { parseBody } from '../codec/body.ts'
import { PlainFailure } from '../api/plain-failure.ts'
import type { LargeYaml } from '../codec/large-yaml.ts'
import type { Route } from '../api/route.ts'
import type { FlowControl } from '../flow-control/index.ts'
import { runInTurn, setFlow } from './flows.ts'
import { attributesFor, type RequestHandler } from './handler.ts'
import { contentTypeOf, edgeFailure, writeBody, writeError } from './http-answer.ts'
import { createHttpBudgets, type HttpBudgets } from './http-budgets.ts'
import { agentOf, parameters, readBody } from './http-request.ts'
import { streamWatch } from './http-watch.ts'
import type { ObjectReader } from '../api/reader.ts'
import { countedOf, type RequestMetrics } from '../observability/request-metrics.ts'
import { formsOf, renderBytes, renderObject, type Rendering } from './render.ts'
import { splitUrl, type Answer, type Call } from '../api/request.ts'

export interface HttpOptions {
  handler: RequestHandler
  authenticator: Authenticator
  reader: ObjectReader
  clock: Clock
  log: Log
  metrics: RequestMetrics
  /** Unset: every request runs at once. */
  flowControl: FlowControl | undefined
  /** The audit log; off when unset. */
  audit: Audit | undefined
  /** Parses large YAML on a thread; it is parsed in place when unset. */
  largeYaml: LargeYaml | undefined
  /** `ca` signs client certificates. */
  tls: { key: string; cert: string; ca?: string | string[] }
  /** Forwards requests for aggregated API groups. */
  aggregator: Aggregator | undefined
  host: string
  port: number
}

/** The API over HTTPS. */
export class HttpEdge {
  readonly #options: HttpOptions
  readonly #server: Server
  readonly #reportFault: ReportFault
  readonly #budgets: HttpBudgets
  readonly #upgrades = new Set<Duplex>()
  #stopping = false

  constructor(options: HttpOptions) {
    this.#options = options
    const { key, cert, ca } = options.tls
    this.#server = createServer({
      key,
      cert,
      ...(ca ? { ca, requestCert: true, rejectUnauthorized: false } : {}),
      ALPNProtocols: ['http/1.1'],
      // Both are strong; AES-128 costs both ends less.
      ciphers: `TLS_AES_128_GCM_SHA256:${DEFAULT_CIPHERS}`,
      honorCipherOrder: true,
      keepAlive: true,
      keepAliveTimeout: 120_000,
      // Connections that say nothing hold a place that others need; bodies may take as long as they make progress.
      handshakeTimeout: 10_000,
      headersTimeout: 15_000,
      requestTimeout: 0,
      noDelay: true,
      maxHeaderSize: 64 * 1024,
    })
    this.#server.maxConnections = connectionLimit(0.6)
    this.#budgets = createHttpBudgets(options.clock)
    this.#server.on('secureConnection', (socket: TLSSocket) => this.#budgets.unread.track(socket))
    this.#reportFault = createFaultLog({ log: options.log, clock: options.clock, message: 'request failed' })
    serveEdge(this.#server, {
      request: (message, response) => this.#serve(message, response),
      upgrade: (message, socket, head) => this.#upgrade(message, socket, head),
      describe: (code, message) => ({
        contentType: 'application/json',
        body: JSON.stringify(edgeFailure(code, message).status),
      }),
      onFault: this.#reportFault,
    })
  }

  listen(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port
  }

  /** Refuses new connections, ends the idle ones, and cuts the rest after a moment. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    for (const socket of this.#upgrades) socket.destroy()
    const cut = setTimeout(() => this.#server.closeAllConnections(), 250)
    await closed
    clearTimeout(cut)
    this.#budgets.stop()
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = message.method ?? 'GET'
    const { path, query } = splitUrl(message.url ?? '/')
    const started = performance.now()
    const reads = method === 'GET' || method === 'HEAD'
    const kind = reads ? 'readOnly' : 'mutating'
    const { inflight } = this.#options.metrics
    let route: Route | undefined
    let record: AuditRecord | undefined
    inflight[kind]++
    try {
      if (this.#stopping) throw serviceUnavailable('the server is shutting down')
      const { handler } = this.#options
      route = handler.route(method, path, query)
      const user = await this.#authenticate(message)
      stripCredentials(message)
      record = this.#options.audit?.begin(message, route, user)
      if (record) completeAtEnd(record, response)
      const attributes = attributesFor(route, query, user)
      // Connections last, and are of no class.
      const flow = route.connect ? undefined : this.#options.flowControl?.classify(attributes)
      if (flow) setFlow(message, flow)
      const denied = handler.authorize(attributes)
      if (denied) await denied
      record?.allowed(undefined)
      const remote = this.#options.aggregator?.find(path)
      if (remote) {
        response.setHeader('Audit-Id', auditIdOf(message))
        await this.#options.aggregator?.handle(remote, { message, response, user })
        return
      }
      const call: Call = {
        method,
        path,
        query,
        user,
        accept: message.headers.accept,
        body: { bytes: noBytes, contentType: message.headers['content-type'] ?? '' },
        agent: agentOf(message),
        warnings: [],
      }
      if (route.connect) {
        response.setHeader('Audit-Id', auditIdOf(message))
        await this.#connect(route, call, message, response, undefined)
        return
      }
      if (!reads) {
        const body = {
          bytes: await readBody(message, (size) => this.#budgets.receive(message.socket, size)),
          contentType: message.headers['content-type'] ?? '',
        }
        const json = this.#options.largeYaml?.asJson(body) ?? body
        call.body = json instanceof Promise ? await json : json
      }
      if (!reads) record?.request(() => parseBody(call.body))
      const asked = route
      // A seat is taken only now, so that clients which send slowly hold none.
      const answer = await runInTurn(flow, handler.seatsOf(route, query), response, () => handler.execute(asked, call))
      await this.#answer(answer, { route, started, record }, call, message, response)
    } catch (error) {
      record ??= route && this.#recordStranger(error, message, route)
      this.#fail(error, route && { route, started, record }, message, response)
    } finally {
      inflight[kind]--
    }
  }

  /** Records a request whose credentials are invalid. */
  #recordStranger(error: unknown, message: IncomingMessage, route: Route): AuditRecord | undefined {
    if (!(error instanceof ApiError) || error.code !== 401) return undefined
    return this.#options.audit?.begin(message, route, { name: '', groups: [] })
  }

  #authenticate(message: IncomingMessage): UserInfo | Promise<UserInfo> {
    const user = this.#options.authenticator.authenticate(message)
    if (user instanceof Promise) return user.then((known) => known ?? anonymous)
    return user ?? anonymous
  }

  async #answer(
    answer: Answer,
    request: Counted,
    call: Call,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const count = (bytes: number): Reservation => this.#budgets.unread.take(message.socket, bytes)
    if (answer.type === 'bytes') {
      this.#count(request, answer.code, answer.body.length)
      const tag = answer.headers?.['ETag']
      if (tag !== undefined && message.headers['if-none-match'] === tag) {
        response.writeHead(304, ['ETag', tag]).end()
        return
      }
      const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
      await writeBody({ ...answer, message, response, body, count })
      return
    }
    const rendering: Rendering = {
      format: negotiate(call.accept, formsOf(answer)),
      query: call.query,
      now: this.#options.clock.now(),
    }
    if (answer.type === 'watch') {
      if (rendering.format.type === 'application/yaml') throw notAcceptable(streamTypes)
      this.#count(request, 200)
      request.record?.started(200)
      await this.#budgets.watch(message.socket)
      const { clock, metrics } = this.#options
      const counter = metrics.watchEvents(answer.resource)
      await streamWatch({ answer, rendering, message, response, counter, clock })
      return
    }
    const code = answer.type === 'list' ? 200 : answer.code
    const reservation = answer.type === 'list' ? await this.#budgets.list(message.socket, answer) : undefined
    try {
      const body = renderBytes(answer, rendering)
      this.#count(request, code, body.length)
      request.record?.complete(code, answer.type === 'object' ? answer.object : renderObject(answer, rendering))
      await writeBody({
        message,
        response,
        code,
        contentType: contentTypeOf(rendering.format),
        body,
        warnings: call.warnings,
        count: (bytes) => reservation ?? count(bytes),
      })
    } finally {
      reservation?.release()
    }
  }

  async #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#upgrades.add(socket)
    socket.once('close', () => this.#upgrades.delete(socket))
    const { path, query } = splitUrl(message.url ?? '/')
    let record: AuditRecord | undefined
    let asked: Route | undefined
    try {
      const { handler } = this.#options
      const method = message.method ?? 'GET'
      const route = handler.route(method, path, query)
      // Whoever opens a stream into a pod must be allowed to create it, whatever the method of the handshake.
      asked =
        route.connect && method === 'GET' && creates.has(route.connect.subresource)
          ? { ...route, verb: 'create' }
          : route
      const user = await this.#authenticate(message)
      stripCredentials(message)
      record = this.#options.audit?.begin(message, asked, user)
      await handler.authorize(attributesFor(asked, query, user))
      record?.allowed(undefined)
      const begin = (): void => {
        record?.started(101)
        socket.once('close', () => record?.complete(101))
      }
      const remote = this.#options.aggregator?.find(path)
      if (remote) {
        begin()
        await this.#options.aggregator?.handle(remote, { message, upgrade: { socket, head }, user })
        return
      }
      if (!route.connect) throw failure(400, 'BadRequest', 'this path cannot be upgraded')
      const call: Call = {
        method,
        path,
        query,
        user,
        accept: message.headers.accept,
        body: { bytes: noBytes, contentType: '' },
        agent: agentOf(message),
        warnings: [],
      }
      await this.#connect(route, call, message, undefined, { socket, head, begin })
    } catch (error) {
      const { status } = this.#asApiError(error)
      record ??= asked && this.#recordStranger(error, message, asked)
      if (status.code === 403) record?.refused(status.message)
      if (error instanceof ApiError) record?.complete(status.code, status)
      else record?.panic()
      writeRefusal(socket, status.code, { contentType: 'application/json', body: JSON.stringify(status) })
    }
  }

  async #connect(
    route: Route,
    call: Call,
    message: IncomingMessage,
    response: ServerResponse | undefined,
    upgrade: { socket: Duplex; head: Buffer; begin(): void } | undefined,
  ): Promise<void> {
    const { connect, info } = route
    if (!connect || !info) return
    const methods = connect.methods ?? ['GET', 'POST']
    if (!methods.includes(call.method) && !methods.includes('*'))
      throw methodNotSupported({ group: info.group, resource: info.resource }, call.method.toLowerCase())
    const { resource, namespace, name, subresource, object } = await this.#options.handler.admitConnection(route, call)
    this.#count({ route: { ...route, verb: 'connect' }, started: performance.now(), record: undefined }, 200)
    upgrade?.begin()
    await connect.handle({
      message,
      ...(response ? { response } : {}),
      ...(upgrade ? { upgrade } : {}),
      kind: resource.kind,
      subresource,
      namespace,
      name,
      path: info.rest,
      query: parameters(message),
      object,
      user: call.user,
      reader: this.#options.reader,
    })
  }

  #fail(error: unknown, request: Counted | undefined, message: IncomingMessage, response: ServerResponse): void {
    const { status } = this.#asApiError(error)
    if (request) this.#count(request, status.code)
    if (status.code === 403) request?.record?.refused(status.message)
    if (error instanceof ApiError) request?.record?.complete(status.code, status)
    else request?.record?.panic()
    writeError({ status, plain: error instanceof PlainFailure }, message, response)
  }

  #asApiError(error: unknown): ApiError {
    if (error instanceof ApiError) return error
    const text = messageOf(error)
    this.#reportFault(error)
    return internal(text)
  }

  #count({ route, started }: Counted, code: number, bytes?: number): void {
    const { metrics } = this.#options
    metrics.count(countedOf(route, code), (performance.now() - started) / 1000, bytes)
  }
}

/** A request that is counted and recorded when it is answered. */
interface Counted {
  route: Route
  /** `performance.now()` on its arrival. */
  started: number
  record: AuditRecord | undefined
}

/** Completes a record that is still open when the response closes. */
function completeAtEnd(record: AuditRecord, response: ServerResponse): void {
  response.once('close', () => record.complete(response.statusCode))
}

const streamTypes =
  'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'
const noBytes = Buffer.alloc(0)
/** Subresources that open a stream into a pod: the verb is `create`, also for the GET of a WebSocket handshake. */
const creates = new Set(['exec', 'attach', 'portforward'])
