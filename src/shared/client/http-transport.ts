import type { Stop } from '../base/disposable.ts'
import { ApiError, type Status } from '../kube/status.ts'
import { errorOf } from './answer-error.ts'
import type { ApiRequest, EventSink, Transport, WatchEvent } from './transport.ts'

/** What the transport needs of its runtime: an HTTP exchange with a streamed body. */
export type HttpFetch = (request: HttpRequest) => Promise<HttpResponse>

export interface HttpRequest {
  method: string
  url: string
  headers: Record<string, string>
  body?: string
  signal?: AbortSignal
}

export interface HttpResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** The body; leaving the iteration, or aborting the request's signal, closes the exchange. */
  chunks: AsyncIterable<Uint8Array>
}

export interface HttpTransportOptions {
  /** `https://127.0.0.1:6443`, without a slash at the end. */
  server: string
  fetch: HttpFetch
  /** Headers of a request: `Authorization`, `User-Agent`. Called for each request, since tokens rotate. */
  headers?: () => Record<string, string>
}

/** The Kubernetes API over HTTP with JSON bodies. */
export function createHttpTransport({ server, fetch, headers }: HttpTransportOptions): Transport {
  const exchange = (request: ApiRequest): Promise<HttpResponse> =>
    fetch({
      method: request.method,
      url: server + request.path,
      headers: {
        ...headers?.(),
        accept: request.accept ?? 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: bodyText(request.body) }),
      ...(request.signal ? { signal: request.signal } : {}),
    })

  return {
    async request(request) {
      const response = await exchange(request)
      const text = await textOf(response.chunks)
      if (!isSuccess(response)) throw errorOf(response.status, text)
      return isJson(response) ? (JSON.parse(text) as unknown) : text
    },
    watch(request, sink) {
      return startWatch((signal) => exchange({ ...request, method: 'GET', signal }), sink)
    },
  }
}

/** Runs one watch; `closed` is called exactly once unless the caller stops it first. */
function startWatch(open: (signal: AbortSignal) => Promise<HttpResponse>, sink: EventSink): Stop {
  const ended = new AbortController()
  const run = async (): Promise<ApiError | undefined> => {
    const response = await open(ended.signal)
    if (!isSuccess(response)) throw errorOf(response.status, await textOf(response.chunks))
    const decoder = createEventDecoder()
    for await (const chunk of response.chunks) {
      if (ended.signal.aborted) return undefined
      const { events, error } = decoder.push(chunk)
      if (events.length > 0) sink.events(events)
      if (error) return error
    }
    return undefined
  }
  run()
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    .then((error) => {
      if (ended.signal.aborted) return
      ended.abort()
      sink.closed(error)
    })
    .catch(() => undefined)
  return () => ended.abort()
}

export interface EventDecoder {
  /** The events that `chunk` completes, and the server's error where one ends the stream. */
  push(chunk: Uint8Array): { events: WatchEvent[]; error?: ApiError }
}

/** Splits the bytes of a watch into events, one JSON document per line, whatever the chunk boundaries. */
export function createEventDecoder(): EventDecoder {
  const decoder = new TextDecoder()
  // The incomplete line in pieces: joining it once keeps the cost of large objects linear.
  let pending: string[] = []

  const completedLines = (text: string): string[] => {
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    if (lines.length > 0) {
      lines[0] = pending.join('') + (lines[0] ?? '')
      pending = []
    }
    if (rest) pending.push(rest)
    return lines
  }

  return {
    push(chunk) {
      const events: WatchEvent[] = []
      for (const line of completedLines(decoder.decode(chunk, { stream: true }))) {
        if (!line.trim()) continue
        const event = JSON.parse(line) as { type: string; object: unknown }
        if (event.type === 'ERROR') return { events, error: new ApiError(event.object as Status) }
        events.push(event as WatchEvent)
      }
      return { events }
    },
  }
}

const bodyText = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body))

const isSuccess = ({ status }: HttpResponse): boolean => status >= 200 && status < 300

const isJson = ({ headers }: HttpResponse): boolean => {
  const type = headers['content-type']
  return (Array.isArray(type) ? type[0] : type)?.includes('json') ?? false
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}
