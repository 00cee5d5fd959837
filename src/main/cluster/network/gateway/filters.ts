import type { IncomingHttpHeaders } from 'node:http'
import type { HeaderModifier, PathModifier, Redirect } from './types.ts'

type Headers = IncomingHttpHeaders | Record<string, string | string[] | undefined>

/** Carries out a header modifier: `set`, then `add`, then `remove`. */
export function modifyHeaders(headers: Headers, { set = [], add = [], remove = [] }: HeaderModifier): void {
  for (const { name, value } of set) headers[name.toLowerCase()] = value
  for (const { name, value } of add) {
    const key = name.toLowerCase()
    const present = headers[key]
    if (key === 'set-cookie') headers[key] = [...(Array.isArray(present) ? present : present ? [present] : []), value]
    else
      headers[key] = present === undefined ? value : `${Array.isArray(present) ? present.join(',') : present},${value}`
  }
  for (const name of remove) Reflect.deleteProperty(headers, name.toLowerCase())
}

/**
 * The path with its replacement. @param prefix the prefix that matched, without final slash
 */
export function modifiedPath(path: string, modifier: PathModifier | undefined, prefix: string): string {
  if (!modifier) return path
  if (modifier.type === 'ReplaceFullPath') return modifier.replaceFullPath || '/'
  const replacement = (modifier.replacePrefixMatch ?? '').replace(/\/+$/, '')
  // A path that leads to the prefix by way of `..` is matched by what it means.
  const rest = (path.startsWith(prefix) ? path : new URL(`http://host${path}`).pathname).slice(prefix.length)
  const joined = `${replacement}${rest === '' || rest.startsWith('/') ? rest : `/${rest}`}`
  return joined === '' ? '/' : joined.startsWith('/') ? joined : `/${joined}`
}

export interface RedirectedRequest {
  encrypted: boolean
  host: string
  /** As sent. */
  path: string
  /** With `?`, or empty. */
  search: string
  /** Of the host, to which the client has connected. */
  port: number
}

/**
 * The `Location` of a redirect. HTTP and HTTPS are on one port of the host, so the ports of the Gateway's listeners
 * mean that port, and so does no port.
 */
export function locationOf(
  redirect: Redirect,
  { encrypted, host, path, search, port }: RedirectedRequest,
  { prefix, listenerPorts }: { prefix: string; listenerPorts: ReadonlySet<number> },
): string {
  const scheme = redirect.scheme ?? (encrypted ? 'https' : 'http')
  const name = redirect.hostname ?? (host.includes(':') ? `[${host}]` : host)
  const isOwn = redirect.port === undefined || listenerPorts.has(redirect.port)
  // A host elsewhere has the ports of its scheme.
  const wanted = isOwn && isLocal(name) ? port : redirect.port
  const usual = scheme === 'https' ? 443 : 80
  const suffix = wanted === undefined || wanted === usual ? '' : `:${wanted}`
  return `${scheme}://${name}${suffix}${modifiedPath(path, redirect.path, prefix)}${search}`
}

const isLocal = (name: string): boolean =>
  name === 'localhost' || name.endsWith('.localhost') || /^[\d.]+$|^\[/.test(name)
