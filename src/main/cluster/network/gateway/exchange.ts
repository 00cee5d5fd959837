import type { Duplex } from 'node:stream'
import { EdgeError } from '#main/http/edge.ts'
import type { Backends } from '../backends.ts'
import type { ProxiedRequest, Routed } from '../ingress/exchange.ts'
import { isPreflight, preflightAnswer, shareResponse } from './cors.ts'
import { locationOf, modifiedPath, modifyHeaders } from './filters.ts'
import type { Actions, RoutedBackend } from './routes.ts'
import { secured } from './secured.ts'
import { choose, type Matched } from './table.ts'

/** Carries out the rule that a request fell to. @throws EdgeError 500 for back ends that are not valid, 503 */
export async function exchangeOf(
  { rule, match, listenerPorts, clientCertificate }: Matched,
  request: ProxiedRequest,
  backends: Backends,
): Promise<Routed> {
  const { actions } = rule
  const prefix = match.prefix ?? ''
  if (actions.isBroken) throw new EdgeError(500, 'the route has a filter that is not known')
  if (actions.redirect)
    return {
      answer: {
        status: actions.redirect.statusCode ?? 302,
        headers: { location: locationOf(actions.redirect, request, { prefix, listenerPorts }) },
      },
    }
  if (actions.cors && isPreflight(request.method, request.headers))
    return { answer: { status: 204, headers: preflightAnswer(actions.cors, request.headers) } }
  const chosen = choose(rule.backends)
  if (!chosen?.backend || chosen.actions.isBroken) throw new EdgeError(500, 'the route has no valid back end')
  const all = [actions, chosen.actions]
  // A filter may change what the back end gets of it.
  const { origin } = request.headers
  const protocol = request.headers['content-type']?.startsWith('application/grpc') ? 'h2' : 'http/1.1'
  const connect = async (backend: RoutedBackend): Promise<Duplex> =>
    secured(await backends.connect(backend, request.client), backend.tls, { protocol, clientCertificate })
  const connection = await connect(chosen.backend)
  return {
    connection,
    ...(chosen.backend.isHttp2 ? { isHttp2: true } : {}),
    timeoutMs: rule.timeoutMs,
    mirrors: all.flatMap(({ mirrors }) =>
      mirrors
        .filter(({ share }) => Math.random() < share)
        .map(({ backend }) => ({ connect: () => connect(backend), isHttp2: backend.isHttp2 === true })),
    ),
    amendRequest(message) {
      for (const each of all) {
        for (const modifier of each.request) modifyHeaders(message.headers, modifier)
        rewrite(message, each.rewrite, { ...request, prefix })
      }
    },
    amendResponse(headers) {
      for (const { response, cors } of all) {
        for (const modifier of response) modifyHeaders(headers, modifier)
        if (cors) shareResponse(headers, cors, origin)
      }
    },
  }
}

function rewrite(
  message: { url?: string | undefined; headers: Record<string, unknown> },
  change: Actions['rewrite'],
  { path, search, prefix }: { path: string; search: string; prefix: string },
): void {
  if (!change) return
  const { hostname } = change
  const isHttp2 = ':authority' in message.headers
  if (hostname !== undefined) message.headers[isHttp2 ? ':authority' : 'host'] = hostname
  if (!change.path) return
  const target = `${modifiedPath(path, change.path, prefix)}${search}`
  message.url = target
  if (isHttp2) message.headers[':path'] = target
}
