import type { IncomingHttpHeaders } from 'node:http'
import type { Cors } from './types.ts'

type Headers = IncomingHttpHeaders | Record<string, string | string[] | undefined>

export const isPreflight = (method: string, headers: IncomingHttpHeaders): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined

/**
 * What a preflight is answered with, by the filter alone: the back end is not asked. An origin that is not allowed gets no headers
 * of CORS, so that its browser refuses (GEP-1767).
 */
export function preflightAnswer(cors: Cors, headers: IncomingHttpHeaders): Record<string, string> {
  const shared = originHeaders(cors, headers.origin)
  if (!shared) return {}
  const methods = listed(cors, cors.allowMethods, headers['access-control-request-method'])
  const wanted = listed(cors, cors.allowHeaders, headers['access-control-request-headers'])
  return {
    ...shared,
    ...(methods === undefined ? {} : { 'access-control-allow-methods': methods }),
    ...(wanted === undefined ? {} : { 'access-control-allow-headers': wanted }),
    'access-control-max-age': String(cors.maxAge ?? 5),
  }
}

/** Puts the filter's headers in the place of the back end's own. @param origin of the request */
export function shareResponse(answer: Headers, cors: Cors, origin: string | undefined): void {
  for (const name of Object.keys(answer)) if (name.startsWith('access-control-')) Reflect.deleteProperty(answer, name)
  const shared = originHeaders(cors, origin)
  if (!shared) return
  Object.assign(answer, shared)
  if (cors.exposeHeaders?.length) answer['access-control-expose-headers'] = cors.exposeHeaders.join(', ')
}

/** @returns undefined for an origin that is not allowed */
function originHeaders({ allowOrigins = [], allowCredentials = false }: Cors, origin: string | undefined) {
  if (origin === undefined) return undefined
  const isAny = allowOrigins.includes('*')
  if (!isAny && !allowOrigins.some((allowed) => isOrigin(allowed, origin))) return undefined
  // Browsers take no wildcard where credentials are sent.
  if (isAny && !allowCredentials) return { 'access-control-allow-origin': '*' }
  return {
    'access-control-allow-origin': origin,
    ...(allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
    vary: 'Origin',
  }
}

/** `https://*.example.com` allows all hosts below; scheme and port have to be the same. */
function isOrigin(allowed: string, origin: string): boolean {
  const [before = '', after] = allowed.toLowerCase().split('*')
  const asked = origin.toLowerCase()
  if (after === undefined) return asked === before
  return asked.length > before.length + after.length && asked.startsWith(before) && asked.endsWith(after)
}

/** A wildcard is told as what was asked for where credentials are sent, since browsers take it literally then. */
function listed(
  { allowCredentials = false }: Cors,
  values: readonly string[] | undefined,
  asked: string | string[] | undefined,
): string | undefined {
  if (!values?.length) return undefined
  if (!values.includes('*')) return values.join(', ')
  return allowCredentials ? (Array.isArray(asked) ? asked.join(', ') : asked) : '*'
}
