import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { duplexPair, PassThrough, Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createApiFetch } from '#agent/api-fetch.ts'
import { createFlows } from '#agent/kubelet/flow.ts'
import { createCallers } from '#agent/kubelet/node-port/callers.ts'
import { startNodePort, type NodePort } from '#agent/kubelet/node-port/server.ts'
import type { ObservedContainer, Runtime } from '#agent/kubelet/runtime/runtime.ts'
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

/** A container whose commands print their words and then what they are given; `false` fails. */
const runtime: Pick<Runtime, 'containers' | 'exec' | 'attach'> = {
  containers: () => [{ name: 'c', id: 'c', state: 'running', sandbox: false, tty: false, pid: 0 } as ObservedContainer],
  exec: async (_id, command) => {
    const [stdin, inside] = duplexPair()
    const stdout = new PassThrough()
    stdout.write(`${command.join(' ')}\n`)
    inside.pipe(stdout)
    const ended = once(stdout, 'end')
    if (command[0] === 'false') stdin.end()
    return {
      stdin,
      stdout,
      stderr: Readable.from([]),
      resize: async () => undefined,
      end: () => void ends.push(command.join(' ')),
      async exit() {
        await ended
        return { code: command[0] === 'false' ? 1 : 0 }
      },
    }
  },
  attach: () => Promise.reject(new Error('unused')),
}
const ends: string[] = []
let cluster: SimulatedCluster
let pki: Pki
let admin: RawApi
let port: number
let certificateFile: string
let nodePort: NodePort
let stopApi: () => unknown
const faults: string[] = []

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  pki = cluster.plane.pki
  const { server } = cluster.plane
  admin = createRawApi({ server, ca: pki.ca, credentials: pki.admin })
  await Promise.all(['robot', 'reader', 'prober', 'operator'].map((name) => createAccount(name)))
  await grant('reader', ['nodes/metrics', 'nodes/stats'])
  await grant('prober', ['nodes/proxy'])
  await grant('operator', ['nodes/proxy'], 'create')

  const { client: credentials } = await pki.issueNode(node)
  const api = createApiFetch({ port: Number(new URL(server).port), tls: { ca: pki.ca, ...credentials } })
  stopApi = api.stop
  const client = createClient(
    createHttpTransport({ server: 'https://kubernetes', fetch: api.fetch, headers: () => ({}) }),
  )
  certificateFile = join(cluster.dir, 'kubelet.pem')
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
    runtime: { ...runtime, logs: async () => Readable.from([Buffer.from('a line\n')]) },
    findPod: (_namespace, name) => (name === 'p' ? { uid: 'u', ip: address } : undefined),
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

async function grant(account: string, resources: string[], verb = 'get'): Promise<void> {
  await admin.create(`${rights}/clusterroles`, {
    metadata: { name: account },
    rules: [{ verbs: [verb], apiGroups: [''], resources }],
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

  test('pages are read, not written', async () => {
    const credentials = pki.admin
    expect((await ask('/pods', { method: 'POST', credentials })).status).toBe(405)
    expect((await ask('/pods', { method: 'HEAD', credentials })).status).toBe(403)
  })
})

describe('sessions in pods', () => {
  const sessionPaths = ['/exec/n/p/c?command=id&output=1', '/attach/n/p/c?output=1', '/portForward/n/p?port=80']

  /** A handshake: the status that it is answered with, or the open WebSocket. */
  function openSocket(path: string, token?: string): Promise<{ status: number; socket?: WebSocket }> {
    const socket = new WebSocket(`wss://${address}:${port}${path}`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], {
      ca: pki.ca,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    })
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve({ status: 101, socket }))
      socket.once('unexpected-response', (_request, response) => {
        response.destroy()
        resolve({ status: response.statusCode ?? 0 })
      })
      socket.once('error', reject)
    })
  }
  /** All messages of a channel until the connection ends. */
  async function textOf(socket: WebSocket, channel: number): Promise<string> {
    let text = ''
    socket.on('message', (data: Buffer) => {
      if (data[0] === channel) text += data.subarray(1).toString()
    })
    await once(socket, 'close')
    return text
  }

  test.each([...sessionPaths, '/run/n/p/c?cmd=id'])(
    '%s is refused to nobody, and to who may only read',
    async (path) => {
      expect((await openSocket(path)).status).toBe(401)
      for (const account of ['robot', 'reader', 'prober'])
        expect((await openSocket(path, await tokenOf(account))).status, account).toBe(403)
      const token = await tokenOf('prober')
      for (const method of ['GET', 'POST']) expect((await ask(path, { method, token })).status).toBe(403)
      expect(ends).toEqual([])
    },
  )

  test('who may create nodes/proxy runs a command over a WebSocket, and reads no page', async () => {
    const token = await tokenOf('operator')
    const { socket } = await openSocket('/exec/n/p/c?command=echo&command=two+words&input=1&output=1', token)
    if (!socket) throw new Error('refused')
    const output = Promise.all([textOf(socket, 1), textOf(socket, 3)])
    socket.send(Buffer.concat([Buffer.of(0), Buffer.from('typed')]))
    socket.send(Buffer.of(255, 0))
    const [stdout, status] = await output
    expect(stdout).toBe('echo two words\ntyped')
    expect(JSON.parse(status)).toMatchObject({ status: 'Success' })
    expect(ends.splice(0)).toEqual(['echo two words'])
    expect((await ask('/pods', { token })).status).toBe(403)
  })

  test('a client that leaves ends its command', async () => {
    const { socket } = await openSocket('/exec/n/p/u/c?command=cat&input=1&output=1', await tokenOf('operator'))
    socket?.close()
    await expect.poll(() => ends.splice(0)).toEqual(['cat'])
  })

  test('SPDY is spoken, and a port of a pod is reached by it', async () => {
    const socket = connectTls({ host: address, port, ca: pki.ca })
    const token = await tokenOf('operator')
    const head = [
      'POST /portForward/n/p HTTP/1.1',
      'Host: worker',
      `Authorization: Bearer ${token}`,
      'Connection: Upgrade',
      'Upgrade: SPDY/3.1',
      'X-Stream-Protocol-Version: portforward.k8s.io',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(/^HTTP\/1.1 101 .*X-Stream-Protocol-Version: portforward.k8s.io/s)
  })

  test('a WebSocket reaches a port of a pod', async () => {
    const echo = createServer((connection) => connection.pipe(connection)).listen(0, address)
    await once(echo, 'listening')
    const podPort = (echo.address() as AddressInfo).port
    const { socket } = await openSocket(`/portForward/n/p?port=${podPort}`, await tokenOf('operator'))
    let text = ''
    socket?.on('message', (data: Buffer) => {
      if (data[0] === 0) text += data.subarray(1).toString('latin1')
    })
    socket?.send(Buffer.concat([Buffer.of(0), Buffer.from('hello')]))
    // The channel begins with the port.
    await expect.poll(() => text.slice(2)).toBe('hello')
    socket?.close()
    echo.close()
  })

  test('run answers with the output, or with why there is none', async () => {
    const token = await tokenOf('operator')
    const run = (command: string) => ask(`/run/n/p/c?cmd=${command}`, { method: 'POST', token })
    expect(await run('false')).toEqual({ status: 500, text: "command 'false' exited with 1: " })
    expect((await ask('/run/n/p/c?cmd=id', { token })).status).toBe(405)
    ends.length = 0
  })

  test('what does not exist, or is asked without an upgrade', async () => {
    const token = await tokenOf('operator')
    for (const path of [
      '/exec/n/x/c?command=id&output=1',
      '/exec/n/p/other/c?command=id&output=1',
      '/portForward/n/x?port=1',
    ])
      expect((await openSocket(path, token)).status, path).toBe(404)
    for (const path of ['/exec/n/p/c?output=1', '/exec/n/p/c?command=id', '/exec/n/p/x?command=id&output=1'])
      expect((await openSocket(path, token)).status, path).toBe(400)
    expect((await openSocket('/portForward/n/p', token)).status).toBe(400)
    expect((await openSocket('/cri/exec/x', token)).status).toBe(403)
    for (const path of sessionPaths) expect((await ask(path, { method: 'POST', token })).status).toBe(400)
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

test('a certificate that takes the place of the first is served, a file that is none is not', async () => {
  const served = async (): Promise<string> => {
    const socket = connectTls({ host: address, port, ca: pki.ca })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }
  const first = await served()
  writeFileSync(certificateFile, 'none')
  const { cert, key } = await pki.issueKubelet(node, address)
  writeFileSync(certificateFile, cert + key)
  await expect.poll(served, { timeout: 10_000 }).not.toBe(first)
})
