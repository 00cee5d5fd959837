import type { KubeObject } from '#shared/kube/object.ts'
import type { UserInfo } from './access.ts'
import type { ServedResource } from './resources.ts'

/** An authenticated request, from any transport. */
export interface Call {
  method: string
  /** The path without the query string. */
  path: string
  query: Query
  user: UserInfo
  /** The `Accept` header; JSON when unset. */
  accept: string | undefined
  body: Body
  /** The User-Agent up to the first slash: the default field manager. */
  agent: string
  /** Texts for `Warning:` headers, collected while the request is handled. */
  warnings: string[]
}

/** A request body: bytes with their type over HTTP, a shared value (to be copied) from within the process. */
export type Body = ByteBody | { value: unknown; contentType: string }

export interface ByteBody {
  bytes: Buffer
  contentType: string
  /** Warnings about duplicate keys of the YAML that this JSON was converted from. */
  repeated?: string[]
}

/** The parameters of a query string; of duplicates the last one wins. */
export type Query = Readonly<Record<string, string | undefined>>

const noQuery: Query = Object.freeze(Object.create(null) as Query)

/** Splits a URL into path and parameters. */
export function splitUrl(url: string): { path: string; query: Query } {
  const mark = url.indexOf('?')
  if (mark < 0) return { path: url, query: noQuery }
  const query = Object.create(null) as Record<string, string>
  for (const pair of url.slice(mark + 1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    // The only parameter that may be repeated (`/readyz?exclude=a&exclude=b`).
    query[name] = name === 'exclude' && query[name] !== undefined ? `${query[name]},${value}` : value
  }
  return { path: url.slice(0, mark), query }
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** The parts of a path under `/api` or `/apis`. */
export interface ResourcePath {
  group: string
  version: string
  namespace: string
  /** Plural; '' for the discovery document of the group version. */
  resource: string
  name: string
  subresource: string
  /** The part after the subresource: `/healthz` of `…/proxy/healthz`. */
  rest: string
}

/** Splits a resource path; undefined for every other path. */
export function splitResourcePath(path: string): ResourcePath | undefined {
  let at: number
  let group = ''
  if (path.startsWith('/api/')) at = 5
  else if (path.startsWith('/apis/')) {
    const end = path.indexOf('/', 6)
    if (end < 0) return undefined
    group = path.slice(6, end)
    at = end + 1
  } else return undefined
  const [version = '', ...parts] = path.slice(at).split('/')
  if (version === '' || (parts.length === 1 && parts[0] === '')) return undefined
  return splitParts(group, version, parts)
}

function splitParts(group: string, version: string, parts: string[]): ResourcePath {
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize'
  const first = inNamespace ? 2 : 0
  const rest = parts.length > first + 3 ? `/${parts.slice(first + 3).join('/')}` : ''
  return {
    group,
    version,
    namespace: inNamespace ? decode(parts[1] ?? '') : '',
    resource: parts[first] ?? '',
    name: decode(parts[first + 1] ?? ''),
    subresource: parts[first + 2] ?? '',
    rest,
  }
}

/** The answer of the handler; each transport serializes it. */
export type Answer =
  | { type: 'object'; code: number; resource?: ServedResource; object: unknown; json?: Uint8Array }
  | ListAnswer
  | WatchAnswer
  | { type: 'bytes'; code: number; contentType: string; body: Uint8Array | string; headers?: Record<string, string> }

export interface ListAnswer {
  type: 'list'
  resource: ServedResource
  items: readonly Item[]
  /** Computed objects have no revision. */
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number }
}

/** An object with the bytes it was stored as. */
export interface Item {
  readonly object: KubeObject
  readonly json: Uint8Array
}

export interface WatchAnswer {
  type: 'watch'
  resource: ServedResource
  /** Starts delivery; the transport has written the response head by then. */
  start(sink: WatchWriter, format: WatchFormat): RunningWatch
}

export interface RunningWatch {
  stop(): void
  /** Resolves when the initial state is written, where that is later than the start. */
  begun?: Promise<void>
}

/** The format of a watch's events. Watches with the same `key` share encoded events. */
export interface WatchFormat {
  key: string
  /** Converts the object of an event for this watch. */
  convert?(object: KubeObject, type: string): unknown
  /** The bytes of an event, for formats other than JSON lines. */
  encode?(type: string, object: unknown): Uint8Array
}

/** One event of a watch. */
export interface WatchItem {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: unknown
  /** The object's stored bytes, when it is sent unchanged. */
  json?: Uint8Array
}

export interface WatchWriter {
  /** Writes a batch, which may be shared with other watches: never mutate it. */
  write(batch: WatchBatch): void
  /** Ends the stream; an ERROR event, if any, has been written before. */
  end(): void
}

/** Events of one flush, encoded at most once for all watches that share them. */
export interface WatchBatch {
  readonly items: readonly WatchItem[]
  /** The encoded events, in JSON lines unless the format has its own encoding. */
  bytes(): Buffer
  /** The lines framed as one chunk of an HTTP/1.1 body, so that all sockets share the same bytes. */
  chunk(): Buffer
}
