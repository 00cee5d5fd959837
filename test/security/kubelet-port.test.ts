import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createApiFetch } from '#agent/api-fetch.ts'
import { createFlows } from '#agent/kubelet/flow.ts'
import { createCallers } from '#agent/kubelet/node-port/callers.ts'
import { startNodePort, type NodePort } from '#agent/kubelet/node-port/server.ts'
import { createPki, type Pki } from '#main/cluster/apiserver/auth/pki.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { createHttpTransport } from '#shared/client/http-transport.ts'
import { createClient } from '#shared/client/kube-client.ts'
import { createRawApi, type RawApi } from '../support/api-identity.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** Port 10250 of a worker: who reaches it learns nothing without the right for it, and cannot keep others out. */

const node = 'worker-1'
const address = '127.0.0.1'
const rights = '/apis/rbac.authorization.k8s.io/v1'

let cluster: SimulatedCluster
let pki: Pki
let admin: RawApi
let port: number
let nodePort: NodePort
let stopApi: () => unknown
const faults: string[] = []

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  pki = cluster.plane.pki
  const { server } = cluster.plane
  admin = createRawApi({ server, ca: pki.ca, credentials: pki.admin })
  await Promise.all(['robot', 'reader', 'prober'].map((name) => createAccount(name)))
  await grant('reader', ['nodes/metrics', 'nodes/stats'])
  await grant('prober', ['nodes/proxy'])

  const { client: credentials } = await pki.issueNode(node)
  const api = createApiFetch({ port: Number(new URL(server).port), tls: { ca: pki.ca, ...credentials } })
  stopApi = api.stop
  const client = createClient(
    createHttpTransport({ server: 'https://kubernetes', fetch: api.fetch, headers: () => ({}) }),
  )
  const certificateFile = join(cluster.dir, 'kubelet.pem')
  const { cert, key } = await pki.issueKubelet(node, address)
  writeFileSync(certificateFile, cert + key)
  port = await freePort()
  nodePort = startNodePort({
    host: '0.0.0.0',
    port,
    certificateFile,
    clientCa: pki.ca,
    callers: createCallers({ client, clock: systemClock, nodeName: node }),
    pages: {
      find: (segments) => {
        const path = segments.join('/').replace(/\/$/, '')
        const known = ['metrics', 'metrics/resource', 'stats/summary', 'pods', 'configz', 'healthz', 'runningpods']
        return known.includes(path) ? async () => ({ type: 'text/plain', body: `page ${path}` }) : undefined
      },
    },
    openLogs: async () => ({ logs: Readable.from([Buffer.from('a line\n')]), limit: undefined }),
    flows: createFlows(),
    clock: systemClock,
    log: silentLog,
    onFault: () => void faults.push('fault'),
  })
  await vi.waitUntil(() => nodePort.isServing(), { timeout: 10_000 })
}, 60_000)
afterAll(async () => {
  await nodePort?.stop()
  await stopApi?.()
  admin?.stop()
  await cluster?.stop()
})
afterEach(() => expect(faults.splice(0)).toEqual([]))

const createAccount = async (name: string): Promise<unknown> =>
  admin.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } })

async function grant(account: string, resources: string[]): Promise<void> {
  await admin.create(`${rights}/clusterroles`, {
    metadata: { name: account },
    rules: [{ verbs: ['get'], apiGroups: [''], resources }],
  })
  await admin.create(`${rights}/clusterrolebindings`, {
    metadata: { name: account },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: account }],
  })
}

async function tokenOf(account: string): Promise<string> {
  const { object } = await admin.create(`/api/v1/namespaces/default/serviceaccounts/${account}/token`, { spec: {} })
  return (object.status as { token: string }).token
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

interface Asked {
  method?: string
  token?: string
  headers?: Record<string, string>
  credentials?: { cert: string; key: string }
  localAddress?: string
}

function ask(
  path: string,
  { method = 'GET', token, headers = {}, credentials, localAddress }: Asked = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        host: address,
        port,
        path,
        method,
        ca: pki.ca,
        agent: false,
        ...credentials,
        ...(localAddress ? { localAddress } : {}),
        headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

const everyPath = [
  '/metrics',
  '/metrics/resource',
  '/stats/summary',
  '/pods',
  '/configz',
  '/healthz',
  '/x',
  '/exec/n/p/c',
]

test("the certificate is the cluster authority's, for the node's name and address", async () => {
  const socket = connectTls({ host: address, port, ca: pki.ca, servername: node })
  await once(socket, 'secureConnect')
  const { subjectaltname } = socket.getPeerCertificate()
  socket.destroy()
  expect(subjectaltname).toBe(`DNS:${node}, IP Address:${address}`)
})

describe('nobody', () => {
  test.each(everyPath)('GET %s is 401', async (path) => {
    expect(await ask(path)).toEqual({ status: 401, text: 'Unauthorized' })
  })

  test.each(['', 'x', 'a.b.c', 'x'.repeat(8_000)])('a token that is none is 401', async (token) => {
    expect((await ask('/metrics/resource', { token })).status).toBe(401)
  })

  test("a certificate of another authority is 401, and so are the tunnel's and the kubelet's own", async () => {
    const stranger = await createPki({ dir: join(cluster.dir, 'stranger'), clock: systemClock })
    for (const credentials of [stranger.admin, pki.tunnel.host, await pki.issueKubelet('worker-2', '10.0.0.2')])
      expect(await ask('/metrics', { credentials })).toEqual({ status: 401, text: 'Unauthorized' })
  })
})

describe('rights', () => {
  test('a service account without rights is 403 everywhere, by the text of Kubernetes', async () => {
    const token = await tokenOf('robot')
    for (const path of everyPath) expect((await ask(path, { token })).status, path).toBe(403)
    expect((await ask('/metrics/resource', { token })).text).toBe(
      'Forbidden (user=system:serviceaccount:default:robot, verb=get, resource=nodes, subresource(s)=[metrics])',
    )
    expect((await ask('/pods', { token })).text).toBe(
      'Forbidden (user=system:serviceaccount:default:robot, verb=get, resource=nodes, subresource(s)=[pods proxy])',
    )
  })

  test('nodes/metrics and nodes/stats read these and nothing else', async () => {
    const token = await tokenOf('reader')
    expect(await ask('/metrics/resource', { token })).toEqual({ status: 200, text: 'page metrics/resource' })
    expect((await ask('/metrics', { token })).status).toBe(200)
    expect((await ask('/stats/summary', { token })).status).toBe(200)
    for (const path of ['/pods', '/runningpods/', '/configz', '/healthz', '/containerLogs/n/p/c', '/logs/x'])
      expect((await ask(path, { token })).status, path).toBe(403)
    for (const path of ['/metrics/../pods', '/metrics/%2e%2e/pods', '/metrics%2f..%2fpods', '/pods%2f', '//pods'])
      expect((await ask(path, { token })).status, path).toBeGreaterThanOrEqual(403)
  })

  test('nodes/proxy reads what has no right of its own, and neither metrics nor statistics', async () => {
    const token = await tokenOf('prober')
    for (const path of ['/pods', '/runningpods/', '/configz', '/healthz', '/containerLogs/n/p/c'])
      expect((await ask(path, { token })).status, path).toBe(200)
    for (const path of ['/metrics', '/stats/summary', '/logs/x', '/checkpoint/n/p/c'])
      expect((await ask(path, { token })).status, path).toBe(403)
  })

  test('a token for another audience is 401', async () => {
    const { object } = await admin.create('/api/v1/namespaces/default/serviceaccounts/reader/token', {
      spec: { audiences: ['vault'] },
    })
    const { token } = object.status as { token: string }
    expect((await ask('/metrics/resource', { token })).status).toBe(401)
  })

  test('a client certificate of the cluster is its user', async () => {
    expect((await ask('/pods', { credentials: pki.admin })).status).toBe(200)
    const { client: other } = await pki.issueNode('worker-2')
    expect((await ask('/pods', { credentials: other })).text).toMatch(/^Forbidden \(user=system:node:worker-2, /)
  })

  test('nobody runs commands, not even an administrator', async () => {
    const credentials = pki.admin
    for (const path of ['/exec/n/p/c?command=id', '/attach/n/p/c', '/portForward/n/p', '/run/n/p/c', '/cri/exec/x'])
      for (const method of ['GET', 'POST']) expect((await ask(path, { method, credentials })).status, path).toBe(404)
    expect((await ask('/pods', { method: 'POST', credentials })).status).toBe(405)
    expect((await ask('/pods', { method: 'HEAD', credentials })).status).toBe(403)
  })
})

describe('what is malformed', () => {
  test.each(['/%ff', '/%', '/pods%00'])('%s is 400', async (path) => {
    expect((await ask(path, { credentials: pki.admin })).status).toBe(400)
  })

  test('headers beyond the limit are 431', async () => {
    expect((await ask('/metrics', { headers: { large: 'x'.repeat(20_000) } })).status).toBe(431)
  })

  test.each(['GET /metrics\r\n\r\n', 'nonsense\r\n\r\n', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', '\0\0\0\0'])(
    'bytes that are no request end the connection, not the server: %j',
    async (bytes) => {
      const socket = connectTls({ host: address, port, ca: pki.ca })
      socket.on('error', () => undefined)
      await once(socket, 'secureConnect')
      const closed = once(socket, 'close')
      socket.resume()
      socket.end(bytes)
      await closed
      expect((await ask('/healthz')).status).toBe(401)
    },
  )

  test('no TLS, or half a handshake, ends the connection, not the server', async () => {
    const socket = connect({ host: address, port })
    socket.on('error', () => undefined)
    socket.resume()
    socket.end('GET / HTTP/1.1\r\n\r\n')
    await once(socket, 'close')
    expect((await ask('/healthz')).status).toBe(401)
  })
})

test('one address holds 32 connections, and others still get in', async () => {
  const open: Socket[] = []
  for (let count = 0; count < 100; count++) {
    const socket = connect({ host: address, port, localAddress: '127.0.0.2' })
    socket.on('error', () => undefined)
    open.push(socket)
  }
  open.forEach((socket) => socket.resume())
  await expect.poll(() => open.filter(({ destroyed }) => destroyed).length, { timeout: 5_000 }).toBe(68)
  expect((await ask('/healthz', { localAddress: '127.0.0.3' })).status).toBe(401)
  open.forEach((socket) => socket.destroy())
})
