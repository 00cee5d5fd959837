import type { Clock } from '#shared/base/clock.ts'
import type { ApiRequest, EventSink, Transport, WatchEvent, WatchRequest } from '#shared/client/transport.ts'
import { ApiError, badRequest, type Status } from '#shared/kube/status.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import type { UserInfo } from '../api/access.ts'
import type { Route } from '../api/route.ts'
import { negotiate, objectForms } from '../codec/negotiate.ts'
import { attributesFor, type RequestHandler } from './handler.ts'
import { renderObject, watchFormat, type Rendering } from './render.ts'
import { splitUrl, type Answer, type Call, type WatchWriter } from '../api/request.ts'

export interface InProcessOptions {
  handler: RequestHandler
  /** Answers for aggregated API groups. */
  aggregator: Aggregator | undefined
  clock: Clock
  user: UserInfo
  /** Default field manager of its writes. */
  agent: string
}

/**
 * A transport within the process: the same routing, authorisation, admission and validation as over HTTPS, without
 * serialisation, except of aggregated APIs, and without flow control: the app's own requests are exempt. The objects it returns are shared: never mutate them.
 */
export function createInProcessTransport(options: InProcessOptions): Transport {
  const { handler, aggregator, clock, user, agent } = options
  const callOf = (method: string, url: string, request: Pick<ApiRequest, 'accept' | 'body' | 'contentType'>): Call => ({
    method,
    ...splitUrl(url),
    user,
    accept: request.accept,
    body:
      request.body === undefined
        ? { bytes: noBytes, contentType: '' }
        : { value: request.body, contentType: request.contentType ?? 'application/json' },
    agent,
    warnings: [],
  })

  async function authorized(call: Call): Promise<Route> {
    const route = handler.route(call.method, call.path, call.query)
    await handler.authorize(attributesFor(route, call.query, call.user))
    return route
  }

  async function answer(call: Call): Promise<Answer> {
    const route = await authorized(call)
    if (route.connect) throw badRequest(`${call.path} needs a connection of its own`)
    return handler.execute(route, call)
  }

  const renderingOf = (call: Call): Rendering => ({
    format: negotiate(call.accept, objectForms),
    query: call.query,
    now: clock.now(),
  })

  return {
    async request(request) {
      request.signal?.throwIfAborted()
      const call = callOf(request.method, request.path, request)
      const remote = aggregator?.find(call.path)
      if (aggregator && remote) {
        await authorized(call)
        return aggregator.ask(remote, { ...request, accept: request.accept, user })
      }
      const result = await answer(call)
      if (result.type === 'watch') throw badRequest('a watch has to be started with watch()')
      if (result.type === 'bytes') return parsePage(result)
      return renderObject(result, renderingOf(call))
    },
    watch(request, sink) {
      return startWatch(request, sink)
    },
  }

  function startWatch(request: WatchRequest, sink: EventSink): () => void {
    let stopped = false
    let stop: (() => void) | undefined
    const close = (error: ApiError | Error | undefined): void => {
      if (stopped) return
      stopped = true
      stop?.()
      sink.closed(error)
    }
    const writer: WatchWriter = {
      write(batch) {
        if (stopped) return
        const failed = batch.items.find((item) => item.type === 'ERROR')
        if (failed) close(new ApiError(failed.object as Status))
        else sink.events(batch.items as readonly WatchEvent[])
      },
      end: () => close(undefined),
    }
    const call = callOf('GET', request.path, request)
    answer(call)
      .then((result) => {
        if (stopped) return
        if (result.type !== 'watch') throw badRequest('the request is no watch')
        const format = watchFormat(renderingOf(call), result.resource, () => clock.now())
        const running = result.start(writer, format)
        if (stopped) running.stop()
        else stop = () => running.stop()
      })
      .catch((error: unknown) => close(error instanceof Error ? error : new Error(String(error))))
    return () => {
      stopped = true
      stop?.()
    }
  }
}

const noBytes = Buffer.alloc(0)

function parsePage(page: Extract<Answer, { type: 'bytes' }>): unknown {
  const text = typeof page.body === 'string' ? page.body : Buffer.from(page.body).toString()
  return page.contentType.startsWith('application/json') ? (JSON.parse(text) as unknown) : text
}
