import { Agent, request, type Dispatcher } from 'undici'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { startApiServer, type TestApiServer } from './api-server.ts'

/** An API server over HTTPS, for all tests of a file. */
export interface RestApi {
  readonly api: TestApiServer
  /** Of the running test alone. */
  readonly namespace: string
  /** Sends as the administrator. `body`: text as it is, everything else as JSON. */
  call<T = KubeObject>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply<T>>
  /** The same, without reading the answer. */
  send(
    path: string,
    options?: { method?: Dispatcher.HttpMethod; headers?: Record<string, string>; body?: Buffer; signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData>
  /** Paths of the test's namespace; of the collection without a name. */
  maps(name?: string): string
  podsPath(name?: string): string
  deploymentsPath(name?: string): string
}

export interface Reply<T> {
  code: number
  body: T
  text: string
  header: (name: string) => string | undefined
}

/** Starts an API server before the tests of a file and stops it after them. */
export function useRestApi(): RestApi {
  let api: TestApiServer
  let agent: Agent
  let namespace = ''
  let counter = 0
  beforeAll(async () => {
    api = await startApiServer()
    agent = new Agent({ connect: { ca: api.ca } })
  })
  beforeEach(() => {
    namespace = `ns-${++counter}`
  })
  afterAll(async () => {
    await agent.close()
    await api.stop()
  })

  const send: RestApi['send'] = (path, { headers, ...options } = {}) =>
    request(api.url + path, {
      ...options,
      dispatcher: agent,
      headers: { authorization: `Bearer ${api.token}`, 'user-agent': 'tester/1.0', ...headers },
    })
  const pathOf = (prefix: string, plural: string, name: string): string =>
    `${prefix}/namespaces/${namespace}/${plural}${name && `/${name}`}`

  return {
    get api() {
      return api
    },
    get namespace() {
      return namespace
    },
    send,
    async call<T>(
      method: Dispatcher.HttpMethod,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Reply<T>> {
      const response = await send(path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }),
      })
      const text = await response.body.text()
      const type = String(response.headers['content-type'])
      return {
        code: response.statusCode,
        text,
        body: (type.startsWith('application/json') ? JSON.parse(text) : text) as T,
        header: (name) => response.headers[name] as string | undefined,
      }
    },
    maps: (name = '') => pathOf('/api/v1', 'configmaps', name),
    podsPath: (name = '') => pathOf('/api/v1', 'pods', name),
    deploymentsPath: (name = '') => pathOf('/apis/apps/v1', 'deployments', name),
  }
}

export type ConfigMap = KubeObject & { data?: Record<string, string> }

export const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

export const pod = (
  name: string,
  more: Record<string, unknown> = {},
): KubeObject & { spec: Record<string, unknown> } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'a' }], ...more },
})

export const deployment = (name: string): KubeObject & { spec: Record<string, unknown> } => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'a' }] } },
  },
})
