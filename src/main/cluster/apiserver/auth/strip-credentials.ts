import type { IncomingMessage } from 'node:http'
import { cookiePrefix } from '../api/access.ts'
import { tokenProtocolPrefix } from './bearer-tokens.ts'

/**
 * Removes from an authenticated request everything that it was authenticated with or that would identify the user to
 * others: the Authorization header, the token among its WebSocket subprotocols, this app's cookies, and the headers by
 * which API servers pass on a user (X-Remote-*). Called once, before the request is proxied or logged.
 */
export function stripCredentials(message: IncomingMessage): void {
  const { headers } = message
  let changed = false
  for (const name in headers) {
    const value = headers[name]
    const kept = keptOf(name, value)
    if (kept === value) continue
    if (kept === undefined) Reflect.deleteProperty(headers, name)
    else headers[name] = kept
    changed = true
  }
  if (changed) message.rawHeaders = withoutStripped(message.rawHeaders)
}

type Value = string | string[] | undefined

/** The rest of a header; undefined when nothing is left. */
function keptOf(name: string, value: Value): Value {
  if (name === 'authorization' || name.startsWith('x-remote-') || name.startsWith('impersonate-')) return undefined
  if (typeof value !== 'string') return value
  if (name === 'sec-websocket-protocol' && value.includes(tokenProtocolPrefix))
    return joined(value.split(','), ', ', (protocol) => !protocol.startsWith(tokenProtocolPrefix))
  if (name === 'cookie' && value.includes(cookiePrefix))
    return joined(value.split(';'), '; ', (pair) => !pair.startsWith(cookiePrefix))
  return value
}

function joined(parts: readonly string[], separator: string, keep: (part: string) => boolean): string | undefined {
  const kept = parts.map((part) => part.trim()).filter((part) => part !== '' && keep(part))
  return kept.length === 0 ? undefined : kept.join(separator)
}

function withoutStripped(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    const rest = keptOf(name.toLowerCase(), value)
    if (typeof rest === 'string') kept.push(name, rest)
  }
  return kept
}
