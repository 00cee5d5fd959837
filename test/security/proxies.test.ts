import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRawApi, type RawApi } from '../support/api-identity.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** Wall 6: proxies reach pods and nodes alone, and hand nobody's credentials on. */

let cluster: SimulatedCluster
let admin: RawApi
/** What runs in the pod: tells of the headers it gets. */
let server: Server
let port: number
let seen: IncomingHttpHeaders
const core = '/api/v1/namespaces/default'
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const podIp = '10.244.7.7'
/** Outlives the simulated kubelet's reports: nobody reports for this node. */
const node = 'still'

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  const { server: url, pki } = cluster.plane
  admin = createRawApi({ server: url, ca: pki.ca, credentials: pki.admin })
  server = createServer(({ headers }, response) => {
    seen = headers
    response.setHeader('set-cookie', ['slipway-1234=stolen', 'mine=1']).end('hello')
  })
  server.on('upgrade', ({ headers }, socket) => {
    seen = headers
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  cluster.node.ports.set(80, port)
  await admin.create('/api/v1/nodes', {
    metadata: { name: node },
    status: { addresses: [{ type: 'InternalIP', address: '172.19.0.9' }] },
  })
  const pod = { nodeName: node, containers: [{ name: 'main', image: 'app', ports: [{ containerPort: 80 }] }] }
  for (const name of ['pod', 'moving']) await admin.create(`${core}/pods`, { metadata: { name }, spec: pod })
  await admin.patch(`${core}/pods/pod/status`, { status: { podIP: podIp } })
  await admin.create(`${core}/services`, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } })
  await admin.create(slices, slice('good', podIp, { kind: 'Pod', namespace: 'default', name: 'pod' }))
}, 60_000)
afterAll(async () => {
  admin?.stop()
  server?.closeAllConnections()
  server?.close()
  await cluster?.stop()
})
beforeEach(() => {
  cluster.node.connections.length = 0
  cluster.node.requests.length = 0
})

const slice = (name: string, address: string, targetRef?: object, service = 'web'): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, labels: { 'kubernetes.io/service-name': service } },
  addressType: address.includes(':') ? 'IPv6' : 'IPv4',
  endpoints: [{ addresses: [address], nodeName: node, targetRef }],
  ports: [{ port: 80, name: '' }],
})

describe('the proxy of a pod', () => {
  it('reaches its address through its node', async () => {
    expect((await admin.get(`${core}/pods/pod/proxy/x`)).text).toBe('hello')
    expect(cluster.node.connections).toEqual([`${node} ${podIp}:80`])
  })

  it.each([
    '127.0.0.1',
    '127.1.1.1',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '172.17.0.1',
    '172.19.0.8',
    '192.168.1.1',
    '8.8.8.8',
    '10.96.0.1',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
  ])('does not dial %s, whatever the pod’s status says', async (ip) => {
    const patched = await admin.patch(`${core}/pods/moving/status`, { status: { podIP: ip } })
    const answer = await admin.get(`${core}/pods/moving/proxy/`)
    // Some of these are refused as a status already.
    if (patched.code === 200) expect(answer.outcome).toBe('400 address not allowed')
    else expect(answer.code).toBeGreaterThanOrEqual(400)
    expect(cluster.node.connections).toEqual([])
  })

  it('dials the address of its own node, where pods of the host’s network are', async () => {
    await admin.patch(`${core}/pods/moving/status`, { status: { podIP: '172.19.0.9' } })
    expect((await admin.get(`${core}/pods/moving/proxy/`)).text).toBe('hello')
  })

  it.each(['ftp:pod:80', 'pod:nothing', 'pod:0', 'pod:65536', 'pod:80:80:80', 'pod:-1', 'pod:1e2'])(
    'refuses the target %s',
    async (target) => {
      expect((await admin.get(`${core}/pods/${encodeURIComponent(target)}/proxy/`)).code).toBe(400)
      expect(cluster.node.connections).toEqual([])
    },
  )

  it('is refused for a malformed escape', async () => {
    for (const path of ['%zz', '%', '%f'])
      expect((await admin.get(`${core}/pods/pod/proxy/${path}`)).outcome).toMatch(/^400 .*invalid URL escape/)
  })
})

describe('the proxy of a service', () => {
  it('reaches endpoints that are addresses of their pods', async () => {
    expect((await admin.get(`${core}/services/web/proxy/x`)).text).toBe('hello')
    expect(cluster.node.connections).toEqual([`${node} ${podIp}:80`])
  })

  const forged: [what: string, address: string, target: object | undefined][] = [
    ['no object', podIp, undefined],
    ['another pod', '10.244.8.8', { kind: 'Pod', namespace: 'default', name: 'pod' }],
    ['a pod of another namespace', podIp, { kind: 'Pod', namespace: 'kube-system', name: 'pod' }],
    ['another kind', podIp, { kind: 'Node', namespace: 'default', name: 'pod' }],
    ['a pod that is not there', podIp, { kind: 'Pod', namespace: 'default', name: 'gone' }],
  ]
  it.each(forged)('does not reach an endpoint of %s', async (_, address, target) => {
    const service = { metadata: { name: 'forged' }, spec: { ports: [{ port: 80 }] } }
    await admin.create(`${core}/services`, service)
    expect((await admin.create(slices, slice('forged', address, target, 'forged'))).outcome).toBe('201')
    expect((await admin.get(`${core}/services/forged/proxy/`)).outcome).toMatch(/^503 .*no endpoints available/)
    await admin.remove(`${slices}/forged`)
    expect(cluster.node.connections).toEqual([])
  })
})

describe('webhooks and aggregated servers', () => {
  it('are not dialled outside the cluster', async () => {
    await admin.create(`${core}/services`, { metadata: { name: 'outside' }, spec: { ports: [{ port: 443 }] } })
    expect((await admin.create(slices, slice('outside', '192.0.2.1', undefined, 'outside'))).outcome).toBe('201')
    await admin.create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      metadata: { name: 'outside' },
      webhooks: [
        {
          name: 'outside.example.com',
          clientConfig: { service: { namespace: 'default', name: 'outside' } },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    })
    const answer = await admin.create(`${core}/configmaps`, { metadata: { name: 'x' } })
    await admin.remove('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/outside')
    expect(answer.outcome).toMatch(/address not allowed/)
    expect(cluster.node.connections).toEqual([])
  })
})

describe('credentials', () => {
  const { adminToken } = { adminToken: () => cluster.plane.pki.adminToken }

  it('are not handed on', async () => {
    await admin.send('GET', `${core}/pods/pod/proxy/`, undefined, {
      authorization: `Bearer ${adminToken()}`,
      'x-remote-user': 'root',
      'x-remote-extra-a': 'b',
      'impersonate-user': 'kubernetes-admin',
      'impersonate-group': 'system:masters',
      cookie: 'a=1; slipway-1234=secret; b=2',
      'x-kept': 'yes',
    })
    const names = Object.keys(seen)
    expect(names.filter((name) => /^(authorization|x-remote-|impersonate-)/.test(name))).toEqual([])
    expect([seen.cookie, seen['x-kept']]).toEqual(['a=1; b=2', 'yes'])
  })

  it('are not handed on in the protocols of a WebSocket', async () => {
    const token = Buffer.from(adminToken()).toString('base64url')
    const carrier = `base64url.bearer.authorization.k8s.io.${token}`
    for (const [sent, kept] of [
      [`${carrier}, chat.example.com`, 'chat.example.com'],
      [`chat.example.com,${carrier} ,other`, 'chat.example.com, other'],
      [carrier, undefined],
    ] as const) {
      expect(await upgrade(`${core}/pods/pod/proxy/`, `Sec-WebSocket-Protocol: ${sent}\r\n`)).toMatch(/^HTTP\/1\.1 101/)
      expect(seen['sec-websocket-protocol']).toBe(kept)
      expect(JSON.stringify(seen)).not.toContain(token)
    }
  })

  it('of the app’s page are not set by a pod', async () => {
    const { headers } = await admin.get(`${core}/pods/pod/proxy/`)
    expect(headers['set-cookie']).toEqual(['mine=1'])
  })
})

/** Answers the head of the answer to a WebSocket handshake without any other credentials. */
function upgrade(path: string, headers: string): Promise<string> {
  const { server: url, pki } = cluster.plane
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: Number(new URL(url).port), ca: pki.ca }, () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`,
      ),
    )
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

describe('nodes/proxy', () => {
  let reader: RawApi
  beforeAll(async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const rules = [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }]
    await admin.create(`${rbac}/clusterroles`, { metadata: { name: 'node-reader' }, rules })
    await admin.create(`${core}/serviceaccounts`, { metadata: { name: 'reader' } })
    await admin.create(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'node-reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'node-reader' },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'reader' }],
    })
    const issued = await admin.create(`${core}/serviceaccounts/reader/token`, {})
    const { server: url, pki } = cluster.plane
    reader = createRawApi({ server: url, ca: pki.ca, token: String(issued.object.status['token']) })
  })
  afterAll(() => reader?.stop())
  const proxy = '/api/v1/nodes/worker-1/proxy'

  it.each(['/healthz', '/pods', '/containerLogs/default/pod/main', '/metrics/cadvisor', '/logs/'])(
    'is read at %s with get',
    async (path) => {
      expect((await reader.get(proxy + path)).code).toBe(200)
      expect(cluster.node.requests).toEqual([`GET ${path}`])
    },
  )

  it.each([
    '/exec/default/pod/main?command=id',
    '/EXEC/default/pod/main?command=id',
    '/%65xec/default/pod/main?command=id',
    '/attach/default/pod/main',
    '/run/default/pod/main?cmd=id',
    '/portForward/default/pod',
    '/portforward/default/pod',
    '/cri/exec/abc',
    '/checkpoint/default/pod/main',
    '/debug/pprof/heap',
  ])('needs create at %s', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS'])
      expect((await reader.send(method, proxy + path)).code, method).toBe(403)
    const { server: url } = cluster.plane
    const token = `Authorization: Bearer ${cluster.plane.pki.adminToken}\r\nImpersonate-User: system:serviceaccount:default:reader\r\n`
    expect(url).toContain('127.0.0.1')
    expect(await upgrade(proxy + path, token)).toMatch(/^HTTP\/1\.1 403/)
    expect(cluster.node.requests).toEqual([])
  })

  it.each([
    '/%ff',
    '/%zz',
    '/%',
    '/a/%c0%ae%c0%ae/exec',
    '//exec/default/pod/main',
    '/./exec/default/pod/main',
    '/x/../exec/default/pod/main',
    '/x/%2e%2e/exec/default/pod/main',
    '/x%2f..%2fexec/default/pod/main',
    '/%2fexec/default/pod/main',
    '/\\exec/default/pod/main',
    '/x/%5c..%5cexec',
  ])('is refused at %s', async (path) => {
    for (const identity of [reader, admin]) expect((await identity.get(proxy + path)).code).toBe(400)
    expect(cluster.node.requests).toEqual([])
  })
})
