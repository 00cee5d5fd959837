import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Condition } from '#shared/kube/generated/types.ts'
import {
  configMaps,
  customResourceDefinitions,
  endpointSlices,
  ingresses,
  namespaces,
  nodes,
  secrets,
  services,
} from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { newAuthority, testAuthority } from '#test/support/test-authority.ts'
import { createConnectionSlots } from '../connection-slots.ts'
import { startIngresses, type IngressController } from '../ingress/index.ts'
import { startGateways } from './index.ts'
import {
  backendTlsPolicies,
  gatewayClasses,
  gateways,
  grpcRoutes,
  httpRoutes,
  listenerSets,
  referenceGrants,
  tlsRoutes,
  type Filter,
  type HttpRoute,
  type Listener,
  type RouteParentStatus,
  type RouteRule,
  type HttpMatch,
} from './types.ts'

let plane: TestControlPlane
let front: IngressController
const backends: (Server | Http2Server | ReturnType<typeof createTlsServer>)[] = []
/** What the back ends have got. */
let seen: { word: string; url: string; headers: IncomingHttpHeaders }[] = []

const dial = async (_node: string, authority: string): Promise<Duplex> => {
  const socket = connect({ port: Number(authority.split(':')[1]), host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

async function listening<S extends Server | Http2Server | ReturnType<typeof createTlsServer>>(
  server: S,
): Promise<number> {
  server.listen(0, '127.0.0.1')
  backends.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A Service with one endpoint: a server on this machine that answers with its name. */
async function serve(
  name: string,
  { namespace = 'default', port, appProtocol }: { namespace?: string; port?: number; appProtocol?: string } = {},
) {
  const target =
    port ??
    (await listening(
      createServer((message, response) => {
        seen.push({ word: name, url: message.url ?? '', headers: message.headers })
        if (message.url?.startsWith('/slow')) return
        response.setHeader('x-backend', name)
        response.end(name)
      }),
    ))
  await plane.client.create(services, {
    metadata: { name, namespace },
    spec: { ports: [{ port: 80, name: 'http', ...(appProtocol ? { appProtocol } : {}) }] },
  })
  await plane.client.create(endpointSlices, {
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: target, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.0.7'], nodeName: 'w1', conditions: { ready: true } }],
  })
}

async function ask(host: string, path = '/', options: { method?: string; headers?: Record<string, string> } = {}) {
  const outgoing = request({
    port: front.port,
    host: '127.0.0.1',
    path,
    method: options.method ?? 'GET',
    headers: { host, ...options.headers },
  })
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}
const word = async (...args: Parameters<typeof ask>): Promise<string> => {
  const { status, body } = await ask(...args)
  return status === 200 ? body : String(status)
}

const gateway = (name: string, listeners: Listener[]) =>
  plane.client.create(gateways, {
    metadata: { name, namespace: 'default' },
    spec: { gatewayClassName: 'slipway', listeners },
  })
const route = (
  name: string,
  host: string | undefined,
  rules: RouteRule<HttpMatch>[],
  { namespace = 'default', parent = 'web', section }: { namespace?: string; parent?: string; section?: string } = {},
) =>
  plane.client.create(httpRoutes, {
    metadata: { name, namespace },
    spec: {
      parentRefs: [{ name: parent, namespace: 'default', ...(section ? { sectionName: section } : {}) }],
      ...(host ? { hostnames: [host] } : {}),
      rules,
    },
  })
const to = (name: string, more: object = {}) => ({ name, port: 80, ...more })

const reasons = (conditions: readonly Condition[] | undefined): Record<string, string> =>
  Object.fromEntries((conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]))
const parents = (status: { parents: RouteParentStatus[] } | undefined): Record<string, string>[] =>
  (status?.parents ?? []).map(({ conditions }) => reasons(conditions))
const statusOf = async (name: string, namespace = 'default') =>
  parents((await plane.client.get<HttpRoute>(httpRoutes, { namespace, name })).status)

beforeAll(async () => {
  plane = await startControlPlane({ customResources: true })
  const { issue } = await testAuthority()
  let starting: Promise<IngressController> | undefined
  plane.start((context) => {
    const controller = startGateways(context)
    starting = startIngresses(context, {
      dial,
      slots: createConnectionSlots(100),
      port: 0,
      issueCertificate: issue,
      gateways: controller,
    })
    void starting.then(({ port }) => controller.servedAt(port))
    return async () => {
      await controller.stop()
      await (await starting)?.stop()
    }
  })
  if (!starting) throw new Error('not started')
  front = await starting
  await plane.client.create(nodes, { metadata: { name: 'w1' } })
  await plane.client.create(namespaces, { metadata: { name: 'other', labels: { team: 'b' } } })
  await Promise.all([serve('one'), serve('two'), serve('far', { namespace: 'other' })])
  await plane.until(gatewayClasses, (all) => all.length > 0)
  await gateway('web', [
    { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } },
    {
      name: 'team',
      port: 80,
      protocol: 'HTTP',
      hostname: '*.team.localhost',
      allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'b' } } } },
    },
  ])
})
afterAll(async () => {
  await plane.stop()
  for (const server of backends) server.close()
})

it('has the definitions of the Gateway API, all established', async () => {
  const { items } = await plane.client.list(customResourceDefinitions)
  expect(items.map(({ metadata }) => metadata.name.split('.')[0]).sort()).toEqual([
    'backendtlspolicies',
    'gatewayclasses',
    'gateways',
    'grpcroutes',
    'httproutes',
    'listenersets',
    'referencegrants',
    'tlsroutes',
  ])
  for (const { status } of items)
    expect(reasons(status?.conditions as Condition[])).toMatchObject({ Established: 'True InitialNamesAccepted' })
})

it('accepts its class and a Gateway, and tells where it is served', async () => {
  const found = await plane.untilOne(
    gateways,
    'web',
    ({ status }) => reasons(status?.conditions).Programmed === 'True Programmed',
  )
  expect(reasons(found.status?.conditions)).toEqual({ Accepted: 'True Accepted', Programmed: 'True Programmed' })
  expect(found.status?.addresses).toEqual([{ type: 'IPAddress', value: '127.0.0.1' }])
  expect(found.status?.listeners?.[0]).toMatchObject({
    name: 'http',
    attachedRoutes: 0,
    supportedKinds: [{ kind: 'HTTPRoute' }, { kind: 'GRPCRoute' }],
  })
  const own = await plane.client.get(gatewayClasses, { name: 'slipway' })
  expect(reasons(own.status?.conditions)).toEqual({ Accepted: 'True Accepted' })
})

describe('routes', () => {
  it('match by host, path, method, header and query, and the more exact one wins', async () => {
    await route('exact', 'a.localhost', [
      { matches: [{ path: { type: 'PathPrefix', value: '/x' } }], backendRefs: [to('two')] },
      { matches: [{ path: { type: 'Exact', value: '/x/y' } }], backendRefs: [to('one')] },
      { matches: [{ method: 'PUT' }], backendRefs: [to('two')] },
      { matches: [{ headers: [{ name: 'Version', value: '2' }] }], backendRefs: [to('two')] },
      { matches: [{ queryParams: [{ name: 'v', value: '2' }] }], backendRefs: [to('two')] },
      { backendRefs: [to('one')] },
    ])
    await route('wild', '*.localhost', [{ backendRefs: [to('two')] }])
    await expect.poll(() => word('a.localhost')).toBe('one')
    expect(await word('b.localhost')).toBe('two')
    expect(await word('a.localhost', '/x/y')).toBe('one')
    expect(await word('a.localhost', '/x/z')).toBe('two')
    expect(await word('a.localhost', '/', { method: 'PUT' })).toBe('two')
    expect(await word('a.localhost', '/', { headers: { version: '2' } })).toBe('two')
    expect(await word('a.localhost', '/?v=2')).toBe('two')
    await expect
      .poll(() => statusOf('exact'))
      .toEqual([{ Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' }])
    const found = await plane.client.get(gateways, { namespace: 'default', name: 'web' })
    expect(found.status?.listeners?.[0]?.attachedRoutes).toBeGreaterThanOrEqual(1)
  })

  it('leave hosts to an Ingress that names them more exactly', async () => {
    await plane.client.create(ingresses, {
      metadata: { name: 'own', namespace: 'default' },
      spec: {
        ingressClassName: 'slipway',
        rules: [
          {
            host: 'ingress.localhost',
            http: {
              paths: [{ pathType: 'Prefix', path: '/', backend: { service: { name: 'one', port: { number: 80 } } } }],
            },
          },
        ],
      },
    })
    await expect.poll(() => word('ingress.localhost')).toBe('one')
    expect(await word('other.localhost')).toBe('two')
  })

  it('share requests by weight', async () => {
    await route('weights', 'weights.localhost', [{ backendRefs: [to('one', { weight: 0 }), to('two', { weight: 1 })] }])
    await expect.poll(() => word('weights.localhost')).toBe('two')
    for (let i = 0; i < 10; i++) expect(await word('weights.localhost')).toBe('two')
  })

  it('change headers, rewrite and redirect', async () => {
    await route('filters', 'filters.localhost', [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/old' } }],
        filters: [
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: { set: [{ name: 'X-Set', value: '1' }], remove: ['X-Gone'] },
          },
          {
            type: 'ResponseHeaderModifier',
            responseHeaderModifier: { set: [{ name: 'X-Backend', value: 'changed' }] },
          },
          {
            type: 'URLRewrite',
            urlRewrite: { hostname: 'inner.example', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } },
          },
        ],
        backendRefs: [to('one')],
      },
      {
        matches: [{ path: { type: 'PathPrefix', value: '/go' } }],
        filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }],
      },
    ])
    await expect.poll(() => word('filters.localhost', '/old')).toBe('one')
    seen = []
    const { headers } = await ask('filters.localhost', '/old/page?q=1', { headers: { 'x-gone': '1' } })
    expect(headers['x-backend']).toBe('changed')
    expect(seen[0]).toMatchObject({ url: '/new/page?q=1', headers: { host: 'inner.example', 'x-set': '1' } })
    expect(seen[0]?.headers).not.toHaveProperty('x-gone')
    expect(await ask('filters.localhost', '/go/there?a=b')).toMatchObject({
      status: 301,
      headers: { location: `https://filters.localhost:${front.port}/go/there?a=b` },
    })
  })

  it('speak TLS to the back ends that a policy names, and to none whose certificate is not right', async () => {
    const { ca, issue } = await testAuthority()
    const { cert, key } = await issue(['inner.example'])
    const names: (string | false | null)[] = []
    const port = await listening(
      createHttpsServer({ cert, key }, (message, response) => {
        names.push((message.socket as TLSSocket).servername ?? '')
        response.end('over TLS')
      }),
    )
    await serve('tls', { port })
    await plane.client.create(configMaps, { metadata: { name: 'ca', namespace: 'default' }, data: { 'ca.crt': ca } })
    const policy = (hostname: string, more: object = {}) => ({
      metadata: { name: 'tls', namespace: 'default' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'tls' }],
        validation: { hostname, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }], ...more },
      },
    })
    await plane.client.create(backendTlsPolicies, policy('inner.example'))
    await route('tls', 'tls.localhost', [{ backendRefs: [to('tls')] }])
    await expect.poll(() => word('tls.localhost')).toBe('over TLS')
    expect(names[0]).toBe('inner.example')
    const { status } = await plane.untilOne(backendTlsPolicies, 'tls', (one) => one.status !== undefined)
    expect(status?.ancestors).toMatchObject([
      { ancestorRef: { kind: 'Gateway', name: 'web', namespace: 'default' }, controllerName: 'slipway.dev/gateway' },
    ])
    expect(reasons(status?.ancestors[0]?.conditions)).toEqual({
      Accepted: 'True Accepted',
      ResolvedRefs: 'True ResolvedRefs',
    })
    const change = async (validation: object): Promise<unknown> =>
      plane.client.patch(
        backendTlsPolicies,
        { namespace: 'default', name: 'tls' },
        { type: 'merge', body: { spec: { validation } } },
      )
    await change({ hostname: 'other.example' })
    await expect.poll(() => word('tls.localhost')).toBe('502')
    await change({ subjectAltNames: [{ type: 'Hostname', hostname: 'inner.example' }] })
    await expect.poll(() => word('tls.localhost')).toBe('over TLS')
    await change({ caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'none' }] })
    await expect.poll(() => word('tls.localhost')).toBe('503')
    await plane.untilOne(
      backendTlsPolicies,
      'tls',
      (one) => reasons(one.status?.ancestors[0]?.conditions).Accepted === 'False NoValidCACertificate',
    )
  })

  it('show the certificate of their Gateway to back ends that ask for one, and to no other', async () => {
    const { ca, issue } = await testAuthority()
    const port = await listening(
      createHttpsServer(
        { ...(await issue(['mutual.example'])), ca, requestCert: true, rejectUnauthorized: false },
        ({ socket }, response) => response.end((socket as TLSSocket).getPeerCertificate().subjectaltname ?? 'nobody'),
      ),
    )
    await serve('mutual', { port })
    await plane.client.create(configMaps, {
      metadata: { name: 'mutual', namespace: 'default' },
      data: { 'ca.crt': ca },
    })
    await plane.client.create(backendTlsPolicies, {
      metadata: { name: 'mutual', namespace: 'default' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'mutual' }],
        validation: {
          hostname: 'mutual.example',
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'mutual' }],
        },
      },
    })
    const secret = async (namespace: string): Promise<unknown> => {
      const { cert, key } = await issue(['gateway.example'], ['client'])
      const data = { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') }
      return plane.client.create(secrets, { metadata: { name: 'shown', namespace }, type: 'kubernetes.io/tls', data })
    }
    const listeners = [{ name: 'http', port: 80, protocol: 'HTTP', hostname: 'mutual.localhost' }]
    await plane.client.create(gateways, {
      metadata: { name: 'mutual', namespace: 'default' },
      spec: { gatewayClassName: 'slipway', listeners, tls: { backend: { clientCertificateRef: { name: 'shown' } } } },
    })
    const resolved = (reason: string): Promise<unknown> =>
      plane.untilOne(gateways, 'mutual', ({ status }) => reasons(status?.conditions).ResolvedRefs === reason)
    await resolved('False InvalidClientCertificateRef')
    await route('mutual', 'mutual.localhost', [{ backendRefs: [to('mutual')] }], { parent: 'mutual' })
    await route('plain', 'plain.localhost', [{ backendRefs: [to('mutual')] }])
    await expect.poll(() => word('mutual.localhost')).toBe('nobody')
    await secret('default')
    await expect.poll(() => word('mutual.localhost')).toBe('DNS:gateway.example')
    await resolved('True ResolvedRefs')
    await expect.poll(() => word('plain.localhost')).toBe('nobody')
    // Of another namespace only by its leave.
    await secret('other')
    const body = { spec: { tls: { backend: { clientCertificateRef: { name: 'shown', namespace: 'other' } } } } }
    await plane.client.patch(gateways, { namespace: 'default', name: 'mutual' }, { type: 'merge', body })
    await resolved('False RefNotPermitted')
    await expect.poll(() => word('mutual.localhost')).toBe('nobody')
  })

  it('answer preflights, and share their answers with the origins that may read them', async () => {
    await route('cors', 'cors.localhost', [
      {
        filters: [
          {
            type: 'CORS',
            cors: { allowOrigins: ['https://*.a.example'], allowMethods: ['PUT'], allowCredentials: true },
          },
        ],
        backendRefs: [to('one')],
      },
    ])
    await expect.poll(() => word('cors.localhost')).toBe('one')
    seen = []
    const origin = 'https://www.a.example'
    const preflight = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } }
    expect(await ask('cors.localhost', '/', preflight)).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-credentials': 'true',
        'access-control-max-age': '5',
      },
    })
    expect(seen).toEqual([])
    expect((await ask('cors.localhost', '/', { headers: { origin } })).headers).toMatchObject({
      'access-control-allow-origin': origin,
      vary: 'Origin',
    })
    const other = await ask('cors.localhost', '/', { headers: { origin: 'https://b.example' } })
    expect(other.status).toBe(200)
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
    await expect(
      route('cors-twice', 'cors.localhost', [
        { filters: [{ type: 'CORS', cors: { allowOrigins: ['*', 'https://a.example'] } }], backendRefs: [to('one')] },
      ]),
    ).rejects.toThrow("AllowOrigins cannot contain '*' alongside other origins")
  })

  it('mirror requests, and end them in time', async () => {
    await route('mirror', 'mirror.localhost', [
      {
        filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('two') } }],
        backendRefs: [to('one')],
        timeouts: { request: '100ms' },
      },
    ])
    await expect.poll(() => word('mirror.localhost')).toBe('one')
    seen = []
    expect(await word('mirror.localhost', '/copy')).toBe('one')
    await expect.poll(() => seen.map((one) => `${one.word} ${one.url}`).sort()).toEqual(['one /copy', 'two /copy'])
    expect(await word('mirror.localhost', '/slow')).toBe('504')
  })

  it('need a ReferenceGrant for Services of other namespaces, and say what is missing', async () => {
    await route('cross', 'cross.localhost', [{ backendRefs: [to('far', { namespace: 'other' })] }])
    await route('missing', 'missing.localhost', [{ backendRefs: [to('nobody')] }])
    await expect
      .poll(() => statusOf('cross'))
      .toEqual([{ Accepted: 'True Accepted', ResolvedRefs: 'False RefNotPermitted' }])
    expect(await word('cross.localhost')).toBe('500')
    await expect
      .poll(() => statusOf('missing'))
      .toEqual([{ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' }])
    await plane.client.create(referenceGrants, {
      metadata: { name: 'grant', namespace: 'other' },
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }],
        to: [{ group: '', kind: 'Service' }],
      },
    })
    await expect.poll(() => word('cross.localhost')).toBe('far')
  })

  it('attach only where listeners allow it', async () => {
    await route('denied', 'x.team.localhost', [{ backendRefs: [to('one')] }], { section: 'team' })
    await route('nowhere', 'x.localhost', [{ backendRefs: [to('one')] }], { section: 'none' })
    await route('unlike', 'other.org', [{ backendRefs: [to('far')] }], { section: 'team', namespace: 'other' })
    await route('allowed', 'y.team.localhost', [{ backendRefs: [to('far')] }], { section: 'team', namespace: 'other' })
    await expect.poll(() => word('y.team.localhost')).toBe('far')
    await expect.poll(() => statusOf('denied')).toMatchObject([{ Accepted: 'False NotAllowedByListeners' }])
    await expect.poll(() => statusOf('nowhere')).toMatchObject([{ Accepted: 'False NoMatchingParent' }])
    await expect
      .poll(() => statusOf('unlike', 'other'))
      .toMatchObject([{ Accepted: 'False NoMatchingListenerHostname' }])
    // The listener for *.team.localhost hides what is attached to the one for any host.
    expect(await word('z.team.localhost')).toBe('404')
  })

  it('are refused when they contradict themselves', async () => {
    await expect(
      route('bad', undefined, [
        {
          filters: [{ type: 'RequestRedirect', requestRedirect: {} }],
          backendRefs: [to('one')],
        },
      ]),
    ).rejects.toThrow(/RequestRedirect filter must not be used together with backendRefs/)
    await expect(route('bad', undefined, [{ matches: [{ path: { type: 'Exact', value: 'x' } }] }])).rejects.toThrow(
      /must be an absolute path/,
    )
  })
})

it('speaks HTTP/2 to back ends that say so, whatever their clients speak', async () => {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    if (headers[':path'] === '/broken') {
      stream.on('error', () => undefined)
      stream.close(2)
      return
    }
    stream.respond({ ':status': 201, 'x-authority': String(headers[':authority']) }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }))
    stream.pipe(stream)
  })
  await serve('h2c', { port: await listening(server), appProtocol: 'kubernetes.io/h2c' })
  await route('h2c', 'h2c.localhost', [{ backendRefs: [to('h2c')] }])
  await expect.poll(async () => (await ask('h2c.localhost')).status).toBe(201)
  const outgoing = request({ port: front.port, host: '127.0.0.1', method: 'POST', headers: { host: 'h2c.localhost' } })
  outgoing.end('a body')
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  expect([await text(answer), answer.headers['x-authority'], answer.trailers]).toEqual([
    'a body',
    'h2c.localhost',
    { 'x-sum': '1' },
  ])
  const session = connectHttp2(`http://127.0.0.1:${front.port}`)
  const stream = session.request({ ':method': 'PUT', ':path': '/', ':authority': 'h2c.localhost' })
  stream.end('over HTTP/2')
  expect(await text(stream)).toBe('over HTTP/2')
  session.destroy()
  expect(await word('h2c.localhost', '/broken')).toBe('502')
})

it('mirrors to back ends that speak HTTP/2 alone, and from them to others', async () => {
  const paths: string[] = []
  const server = createHttp2Server((message, response) => {
    paths.push(`${message.method} ${message.url} ${String(message.headers['x-added'] ?? '')}`)
    message.resume()
    response.end('h2')
  })
  await serve('h2c-copy', { port: await listening(server), appProtocol: 'kubernetes.io/h2c' })
  const mirror = (name: string): Filter => ({ type: 'RequestMirror', requestMirror: { backendRef: to(name) } })
  const added: Filter = {
    type: 'RequestHeaderModifier',
    requestHeaderModifier: { set: [{ name: 'x-added', value: 'yes' }] },
  }
  await route('h2c-copy', 'copied.localhost', [{ filters: [added, mirror('h2c-copy')], backendRefs: [to('one')] }])
  await route('h2c-source', 'source.localhost', [{ filters: [mirror('two')], backendRefs: [to('h2c-copy')] }])
  await expect.poll(() => word('copied.localhost')).toBe('one')
  await expect.poll(() => word('source.localhost')).toBe('h2')
  paths.length = 0
  seen = []
  await ask('copied.localhost', '/copied', { method: 'POST' })
  await expect.poll(() => paths).toEqual(['POST /copied yes'])
  await ask('source.localhost', '/source')
  await expect.poll(() => seen.map((one) => `${one.word} ${one.url}`)).toEqual(['one /copied', 'two /source'])
})

describe('ListenerSets', () => {
  const set = (name: string, listeners: Listener[], namespace = 'other') =>
    plane.client.create(listenerSets, {
      metadata: { name, namespace },
      spec: { parentRef: { name: 'shared', namespace: 'default' }, listeners },
    })
  const conditionsOf = async (name: string, namespace = 'other') => {
    const { status } = await plane.client.get(listenerSets, { namespace, name })
    return reasons(status?.conditions)
  }
  const http = (name: string, hostname: string): Listener => ({ name, port: 80, protocol: 'HTTP', hostname })
  beforeAll(async () => {
    await plane.client.create(gateways, {
      metadata: { name: 'shared', namespace: 'default' },
      spec: {
        gatewayClassName: 'slipway',
        listeners: [http('own', 'own.shared.localhost')],
        allowedListeners: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'b' } } } },
      },
    })
  })

  it('add listeners to a Gateway that allows their namespace, for routes that name the set', async () => {
    await set('team', [http('team', 'team.shared.localhost')])
    await plane.client.create(httpRoutes, {
      metadata: { name: 'of-set', namespace: 'other' },
      spec: { parentRefs: [{ kind: 'ListenerSet', name: 'team' }], rules: [{ backendRefs: [to('far')] }] },
    })
    await expect.poll(() => word('team.shared.localhost')).toBe('far')
    // The Gateway's own listener is none of the set's.
    expect(await word('own.shared.localhost')).not.toBe('far')
    await expect.poll(() => conditionsOf('team')).toEqual({ Accepted: 'True Accepted', Programmed: 'True Programmed' })
    const { status } = await plane.client.get(listenerSets, { namespace: 'other', name: 'team' })
    expect(status?.listeners).toMatchObject([{ name: 'team', attachedRoutes: 1 }])
    await expect.poll(() => statusOf('of-set', 'other')).toMatchObject([{ Accepted: 'True Accepted' }])
    const gatewayStatus = (await plane.client.get(gateways, { namespace: 'default', name: 'shared' })).status
    expect(gatewayStatus).toMatchObject({ attachedListenerSets: 1, listeners: [{ name: 'own' }] })
  })

  it('are refused where the Gateway does not allow them, and where an earlier listener has their place', async () => {
    await set('stranger', [http('x', 'x.shared.localhost')], 'default')
    await expect.poll(() => conditionsOf('stranger', 'default')).toMatchObject({ Accepted: 'False NotAllowed' })
    // Of two that are as old, the name decides.
    await set('too-late', [
      http('taken', 'team.shared.localhost'),
      http('free', 'free.shared.localhost'),
      { name: 'tls', port: 80, protocol: 'TLS', tls: { mode: 'Passthrough' } },
    ])
    await expect.poll(() => conditionsOf('too-late')).toMatchObject({ Accepted: 'True ListenersNotValid' })
    const { status } = await plane.client.get(listenerSets, { namespace: 'other', name: 'too-late' })
    expect(status?.listeners?.map(({ conditions }) => reasons(conditions).Conflicted)).toEqual([
      'True HostnameConflict',
      'False NoConflicts',
      'True ProtocolConflict',
    ])
  })
})

describe('TLS', () => {
  it('is terminated with the certificate of a Secret, or one of the cluster where that is asked for', async () => {
    const { ca, issue } = await testAuthority()
    await gateway('secure', [
      {
        name: 'own',
        port: 443,
        protocol: 'HTTPS',
        hostname: 'own.localhost',
        tls: { certificateRefs: [{ name: 'cert' }] },
      },
      {
        name: 'cluster',
        port: 443,
        protocol: 'HTTPS',
        hostname: '*.cluster.localhost',
        tls: { options: { 'slipway.dev/certificate': 'cluster' } },
      },
    ])
    await plane.untilOne(gateways, 'secure', ({ status }) => {
      const first = reasons(status?.listeners?.[0]?.conditions)
      return first.ResolvedRefs === 'False InvalidCertificateRef' && first.Programmed === 'False Invalid'
    })
    const { cert, key } = await issue(['own.localhost', 'marked.localhost'])
    await plane.client.create(secrets, {
      metadata: { name: 'cert', namespace: 'default' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') },
    })
    await route('secure', undefined, [{ backendRefs: [to('two')] }], { parent: 'secure' })
    const get = async (servername: string): Promise<string> => {
      const outgoing = httpsRequest({
        port: front.port,
        host: '127.0.0.1',
        servername,
        ca,
        headers: { host: servername },
      })
      outgoing.end()
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
      const names = connectNames(answer)
      return `${await text(answer)} ${names}`
    }
    const connectNames = (answer: IncomingMessage): string =>
      'getPeerCertificate' in answer.socket && typeof answer.socket.getPeerCertificate === 'function'
        ? (answer.socket.getPeerCertificate() as { subjectaltname: string }).subjectaltname
        : ''
    await expect.poll(() => get('own.localhost').catch(String)).toBe('two DNS:own.localhost, DNS:marked.localhost')
    expect(await get('x.cluster.localhost')).toBe('two DNS:x.cluster.localhost')
    // Plain HTTP is not what these listeners speak.
    expect(await word('own.localhost')).not.toBe('one')
  })

  it('asks clients for certificates of the authorities that the Gateway names', async () => {
    const { ca, issue } = await testAuthority()
    const strangers = await newAuthority()
    const listener = (name: string, port: number): Listener => ({
      ...{ name, port, protocol: 'HTTPS', hostname: `${name}.clients.localhost` },
      tls: { options: { 'slipway.dev/certificate': 'cluster' } },
    })
    const refs = (name: string) => [{ group: '', kind: 'ConfigMap', name }]
    await plane.client.create(gateways, {
      metadata: { name: 'clients', namespace: 'default' },
      spec: {
        gatewayClassName: 'slipway',
        listeners: [listener('needs', 443), listener('asks', 444), listener('broken', 445), listener('open', 446)],
        tls: {
          frontend: {
            default: { validation: { caCertificateRefs: refs('clients') } },
            perPort: [
              { port: 444, tls: { validation: { caCertificateRefs: refs('clients'), mode: 'AllowInsecureFallback' } } },
              { port: 445, tls: { validation: { caCertificateRefs: refs('missing') } } },
              { port: 446, tls: {} },
            ],
          },
        },
      },
    })
    await plane.client.create(configMaps, {
      metadata: { name: 'clients', namespace: 'default' },
      data: { 'ca.crt': ca },
    })
    await route('clients', undefined, [{ backendRefs: [to('two')] }], { parent: 'clients' })
    const get = async (
      servername: string,
      { client, host = servername }: { client?: { cert: string; key: string }; host?: string } = {},
    ): Promise<string> => {
      const where = { port: front.port, host: '127.0.0.1', agent: false, rejectUnauthorized: false }
      const outgoing = httpsRequest({ ...where, servername, ...client, headers: { host } })
      outgoing.end()
      return once(outgoing, 'response').then(
        async ([answer]) =>
          (answer as IncomingMessage).statusCode === 200
            ? text(answer as IncomingMessage)
            : String((answer as IncomingMessage).statusCode),
        () => 'refused',
      )
    }
    const [own, stranger] = await Promise.all([issue(['client'], ['client']), strangers.issue(['client'], ['client'])])
    await expect.poll(() => get('needs.clients.localhost', { client: own })).toBe('two')
    expect(await get('needs.clients.localhost')).toBe('refused')
    expect(await get('needs.clients.localhost', { client: stranger })).toBe('refused')
    for (const client of [own, stranger, undefined])
      expect(await get('asks.clients.localhost', client ? { client } : {})).toBe('two')
    expect(await get('open.clients.localhost')).toBe('two')
    // Nor does a session that was validated once stand for another one.
    const connectAs = async (client: { cert: string; key: string }, session?: Buffer): Promise<TLSSocket> => {
      const where = { port: front.port, host: '127.0.0.1', servername: 'needs.clients.localhost' }
      const socket = connectTls({ ...where, ...client, rejectUnauthorized: false, ...(session ? { session } : {}) })
      socket.on('error', () => undefined)
      await once(socket, 'secureConnect')
      return socket
    }
    const first = await connectAs(own)
    const sessions: Buffer[] = []
    first.on('session', (session: Buffer) => sessions.push(session))
    first.write('GET / HTTP/1.1\r\nhost: needs.clients.localhost\r\nconnection: close\r\n\r\n')
    expect(await text(first)).toContain('two')
    const again = await connectAs(own, sessions[0])
    expect(again.isSessionReused()).toBe(false)
    again.destroy()
    // A connection for another host is no way around.
    for (const name of ['asks', 'open'])
      expect(await get(`${name}.clients.localhost`, { host: 'needs.clients.localhost', client: own })).toBe('421')
    const { status } = await plane.client.get(gateways, { namespace: 'default', name: 'clients' })
    expect(reasons(status?.conditions)).toMatchObject({ InsecureFrontendValidationMode: 'True ConfigurationChanged' })
    expect(status?.listeners?.map(({ name, conditions }) => [name, reasons(conditions)])).toMatchObject([
      ['needs', { Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' }],
      ['asks', { Accepted: 'True Accepted' }],
      ['broken', { Accepted: 'False NoValidCACertificate', ResolvedRefs: 'False InvalidCACertificateRef' }],
      ['open', { Accepted: 'True Accepted' }],
    ])
  })

  it('is passed through to the back end of a TLSRoute, by the name that is asked for', async () => {
    const { ca, issue } = await testAuthority()
    const port = await listening(
      createTlsServer(await issue(['through.localhost']), (socket) => {
        socket.on('error', () => undefined)
        socket.end('from the back end')
      }),
    )
    await serve('raw', { port })
    await gateway('through', [{ name: 'tls', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } }])
    await plane.client.create(tlsRoutes, {
      metadata: { name: 'through', namespace: 'default' },
      spec: {
        parentRefs: [{ name: 'through' }],
        hostnames: ['through.localhost'],
        rules: [{ backendRefs: [to('raw')] }],
      },
    })
    const read = async (): Promise<string> => {
      const socket = connectTls({ port: front.port, host: '127.0.0.1', ca, servername: 'through.localhost' })
      socket.on('error', () => undefined)
      await once(socket, 'secureConnect')
      return text(socket)
    }
    await expect.poll(() => read().catch(String)).toBe('from the back end')
  })
})

it('carries gRPC by service and method', async () => {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'x-path': String(headers[':path']) },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.pipe(stream)
  })
  await serve('grpc', { port: await listening(server) })
  await plane.client.create(grpcRoutes, {
    metadata: { name: 'grpc', namespace: 'default' },
    spec: {
      parentRefs: [{ name: 'web', sectionName: 'http' }],
      hostnames: ['grpc.localhost'],
      rules: [{ matches: [{ method: { service: 'shop.Cart', method: 'Add' } }], backendRefs: [to('grpc')] }],
    },
  })
  await plane.untilOne(grpcRoutes, 'grpc', ({ status }) => parents(status)[0]?.Accepted === 'True Accepted')
  const call = async (path: string): Promise<string> => {
    const session = connectHttp2(`http://127.0.0.1:${front.port}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': 'grpc.localhost',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.end('message')
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    const body = await text(stream)
    session.destroy()
    return headers['x-path'] === undefined ? String(headers[':status']) : body
  }
  expect(await call('/shop.Cart/Add')).toBe('message')
  expect(await call('/shop.Cart/Remove')).not.toBe('message')
})
