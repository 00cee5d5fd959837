import type { IncomingHttpHeaders } from 'node:http'
import { goRegex } from '#shared/base/go-regex.ts'
import type { GrpcMatch, HttpMatch, NamedMatch } from './types.ts'

/** What a request is matched by. */
export interface MatchedRequest {
  method: string
  /** As sent, without query. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
}

/** One match of a rule, compiled. */
export interface CompiledMatch {
  test(request: MatchedRequest): boolean
  /** Compared number by number, larger first: the precedence of the specification. */
  rank: number[]
  /** The path prefix that matched, for `ReplacePrefixMatch`. */
  prefix?: string
}

type Test = (request: MatchedRequest) => boolean

/** Of two matches for one request, the one with the higher rank comes first. */
export function byRank(a: CompiledMatch, b: CompiledMatch): number {
  for (let i = 0; i < Math.max(a.rank.length, b.rank.length); i++) {
    const difference = (b.rank[i] ?? 0) - (a.rank[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** @throws Error with an expression's mistake */
export function compileHttpMatch({ path, headers = [], queryParams = [], method }: HttpMatch): CompiledMatch {
  const { type = 'PathPrefix', value = '/' } = path ?? {}
  const tests: Test[] = [pathTest(type, value), ...headers.map(headerTest), ...queryParams.map(queryTest)]
  if (method !== undefined) tests.push((request) => request.method === method)
  return {
    test: (request) => tests.every((test) => test(request)),
    rank: [
      type === 'Exact' ? 1 : 0,
      trimmed(value).length,
      method === undefined ? 0 : 1,
      headers.length,
      queryParams.length,
    ],
    ...(type === 'PathPrefix' ? { prefix: trimmed(value) } : {}),
  }
}

/** Matches gRPC alone, before any match of HTTP. @throws Error with an expression's mistake */
export function compileGrpcMatch({ method, headers = [] }: GrpcMatch): CompiledMatch {
  const { type = 'Exact', service, method: name } = method ?? {}
  const part = (wanted: string | undefined): ((text: string) => boolean) =>
    wanted === undefined || wanted === '' ? () => true : textTest(type, wanted)
  const [service1, method1] = [part(service), part(name)]
  const tests = headers.map(headerTest)
  return {
    test(request) {
      if (!isGrpc(request.headers)) return false
      const [, ofService, ofMethod] = /^\/([^/]+)\/([^/]+)$/.exec(request.path) ?? []
      if (ofService === undefined || ofMethod === undefined) return false
      return service1(ofService) && method1(ofMethod) && tests.every((test) => test(request))
    },
    rank: [2, type === 'Exact' ? 1 : 0, service?.length ?? 0, name?.length ?? 0, headers.length],
  }
}

export const isGrpc = (headers: IncomingHttpHeaders): boolean =>
  headers['content-type']?.startsWith('application/grpc') ?? false

function pathTest(type: 'Exact' | 'PathPrefix' | 'RegularExpression', value: string): Test {
  if (type === 'Exact') return ({ path }) => normalized(path) === value
  if (type === 'RegularExpression') {
    const regex = whole(value)
    return ({ path }) => regex.test(normalized(path))
  }
  const prefix = trimmed(value)
  // Element by element: /foo is a prefix of /foo and /foo/bar, not of /foobar.
  return ({ path }) => {
    const wanted = normalized(path)
    return prefix === '' || wanted === prefix || wanted.startsWith(`${prefix}/`)
  }
}

function headerTest({ type, name, value }: NamedMatch): Test {
  const test = textTest(type, value)
  const key = name.toLowerCase()
  return ({ headers }) => {
    const found = headers[key]
    return found !== undefined && test(Array.isArray(found) ? found.join(',') : found)
  }
}

function queryTest({ type, name, value }: NamedMatch): Test {
  const test = textTest(type, value)
  return ({ query }) => {
    const found = query.get(name)
    return found !== null && test(found)
  }
}

function textTest(type: NamedMatch['type'], value: string): (text: string) => boolean {
  if (type !== 'RegularExpression') return (text) => text === value
  const regex = whole(value)
  return (text) => regex.test(text)
}

/** An expression that the whole text has to match, in linear time. */
const whole = (pattern: string): { test(text: string): boolean } => goRegex(`^(?:${pattern})$`)

const trimmed = (path: string): string => path.replace(/\/+$/, '')

/** Resolves `.` and `..`, so that a path cannot match one rule and mean another. */
function normalized(path: string): string {
  if (!path.includes('/.') && !path.includes('%2')) return path
  try {
    return new URL(`http://host${path}`).pathname
  } catch {
    return '/'
  }
}
