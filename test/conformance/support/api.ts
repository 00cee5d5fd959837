import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { KubeConfig } from '@kubernetes/client-node'
import { onTestFinished } from 'vitest'
import { watchEvents, type Watching } from './watching.ts'

/** Any object of Kubernetes as it comes over the wire; the tests look into what they made themselves. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Wire = any

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
  /** The body as JSON; undefined when it is not. */
  json: Wire
}

export interface Asking {
  /** Sent as JSON unless it is text already. */
  body?: unknown
  headers?: Record<string, string>
  query?: Query | undefined
  signal?: AbortSignal
}
export type Query = Record<string, string | number | boolean | undefined>

export const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** What an answer other than 2xx is thrown as. */
export class Refused extends Error {
  readonly code: number
  readonly reason: string
  readonly answer: Answer

  constructor(question: string, answer: Answer) {
    super(`${question}: ${answer.status} ${(answer.json as { message?: string } | undefined)?.message ?? answer.text}`)
    this.code = answer.status
    this.reason = (answer.json as { reason?: string } | undefined)?.reason ?? ''
    this.answer = answer
  }
}

/** Plain HTTPS requests to an API server; what is not 2xx is thrown as Refused, save from `ask`. */
export interface Api {
  ask(method: string, path: string, asking?: Asking): Promise<Answer>
  get(path: string, query?: Query): Promise<Wire>
  create(path: string, body: unknown, query?: Query): Promise<Wire>
  update(path: string, body: unknown, query?: Query): Promise<Wire>
  patch(path: string, body: unknown, type?: keyof typeof patchTypes, query?: Query): Promise<Wire>
  /** @param options DeleteOptions */
  delete(path: string, options?: object, query?: Query): Promise<Wire>
  /** Reads, changes and writes, again when somebody else was first. */
  change(path: string, change: (object: Wire) => void): Promise<Wire>
  /**
   * Events of a collection as they come.
   * @param whenOver takes what ends the watch; by itself the end of the test, which tests that run side by side must name
   */
  watch(path: string, query?: Query, whenOver?: (end: () => void) => void): Promise<Watching>
  /** The same server with other credentials. */
  as(other: { token?: string; impersonate?: string; groups?: string[] }): Api
}

export function createApi(config: KubeConfig): Api {
  const cluster = config.getCurrentCluster()
  const user = config.getCurrentUser()
  if (!cluster || !user) throw new Error('the kubeconfig names neither a cluster nor a user')
  const decode = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString()
  const ca = decode(cluster.caData)
  const admin = new Agent({ keepAlive: true, ca, cert: decode(user.certData), key: decode(user.keyData) })
  return apiOver({ server: cluster.server, agent: admin, anonymous: new Agent({ keepAlive: true, ca }), headers: {} })
}

interface Door {
  server: string
  agent: Agent
  anonymous: Agent
  headers: Record<string, string | string[]>
}

/** ms; webhooks may take ten seconds. */
const patience = 60_000

function apiOver(door: Door): Api {
  const ask = async (method: string, path: string, asking: Asking = {}): Promise<Answer> => {
    const response = await send(door, method, path, { signal: AbortSignal.timeout(patience), ...asking })
    const text = (await buffer(response)).toString()
    return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) }
  }
  const must = async (method: string, path: string, asking: Asking): Promise<Wire> => {
    const answer = await ask(method, path, asking)
    if (answer.status >= 300) throw new Refused(`${method} ${path}`, answer)
    return answer.json ?? answer.text
  }
  const api: Api = {
    ask,
    get: (path, query) => must('GET', path, { query }),
    create: (path, body, query) => must('POST', path, { body, query }),
    update: (path, body, query) => must('PUT', path, { body, query }),
    patch: (path, body, type = 'merge', query) =>
      must('PATCH', path, { body, query, headers: { 'content-type': patchTypes[type] } }),
    delete: (path, options, query) => must('DELETE', path, { body: options, query }),
    async change(path, change) {
      for (;;) {
        const object: Wire = await api.get(path)
        change(object)
        const answer = await ask('PUT', path, { body: object })
        if (answer.status < 300) return answer.json
        if (answer.status !== 409) throw new Refused(`PUT ${path}`, answer)
      }
    },
    async watch(path, query, whenOver = onTestFinished) {
      const ending = new AbortController()
      whenOver(() => ending.abort())
      const late = setTimeout(() => ending.abort(new Error(`watch ${path}: no answer`)), patience)
      const response = await send(door, 'GET', path, { query: { ...query, watch: true }, signal: ending.signal })
      clearTimeout(late)
      if (response.statusCode !== 200) {
        const text = (await buffer(response)).toString()
        const answer = { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) }
        throw new Refused(`watch ${path}`, answer)
      }
      return watchEvents(response, () => ending.abort())
    },
    as: ({ token, impersonate, groups }) =>
      apiOver({
        ...door,
        agent: token === undefined ? door.agent : door.anonymous,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(impersonate === undefined ? {} : { 'impersonate-user': impersonate }),
          ...(groups ? { 'impersonate-group': groups } : {}),
        },
      }),
  }
  return api
}

function send(
  { server, agent, headers }: Door,
  method: string,
  path: string,
  asking: Asking,
): Promise<IncomingMessage> {
  const url = new URL(path, server)
  for (const [key, value] of Object.entries(asking.query ?? {})) {
    if (value !== undefined) url.searchParams.set(key, String(value))
  }
  const body = asking.body === undefined || typeof asking.body === 'string' ? asking.body : JSON.stringify(asking.body)
  const options: RequestOptions = {
    method,
    agent,
    signal: asking.signal,
    headers: {
      accept: 'application/json',
      ...headers,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...asking.headers,
    },
  }
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, options, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

function parsed(text: string): Wire {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
