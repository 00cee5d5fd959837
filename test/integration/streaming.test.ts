import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node'
import { WebSocket } from 'ws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeKubeconfig } from '#main/cluster/apiserver/auth/kubeconfig.ts'
import { clientCertificates } from '#main/cluster/apiserver/auth/client-certificates.ts'
import { streamingHandlers } from '#main/cluster/apiserver/streaming/index.ts'
import { endpointSlices, nodes, pods, services } from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '../support/api-server.ts'
import { createKubectl, sinceKubectl, type Kubectl } from '../support/kubectl.ts'
import { createLocalNode, type LocalNode } from '../support/local-node.ts'
import { kinds } from '#main/cluster/apiserver/kinds/index.ts'

let api: TestApiServer
let node: LocalNode
let kubectl: Kubectl
let dir: string
let web: Server
/** By which protocols clients have come: kubectl falls back in silence. */
const upgrades = new Set<string>()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-streaming-'))
  node = createLocalNode()
  node.cwd = dir
  api = await startApiServer({
    kinds,
    authenticator: clientCertificates(),
    connectHandlers: streamingHandlers({ connector: node, kubeletClient: { ca: '', cert: '', key: '' } }).map(
      (handler) => ({
        ...handler,
        handle(request) {
          upgrades.add(request.message.headers.upgrade ?? 'none')
          return handler.handle(request)
        },
      }),
    ),
  })
  const kubeconfig = join(dir, 'kubeconfig')
  await writeKubeconfig(kubeconfig, { name: 'test', server: api.url, ca: api.ca, credentials: api.pki.admin })
  kubectl = createKubectl(kubeconfig)
  web = createServer((request, response) => {
    if (request.url === '/page') response.setHeader('content-type', 'text/html').end('<a href="/next">Next</a>')
    else if (request.url === '/away') response.writeHead(302, { location: '/next' }).end()
    else response.end(`hello from ${request.url ?? ''}`)
  })
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  node.ports.set(80, (web.address() as AddressInfo).port)
  await makePod('web', ['app'])
  await makePod('two', ['a', 'b'])
})

afterAll(async () => {
  node?.stop()
  web?.close()
  await api?.stop()
  await rm(dir, { recursive: true })
})

async function makePod(name: string, containers: string[]): Promise<void> {
  const pod = await api.client.create(pods, {
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'worker-1', containers: containers.map((container) => ({ name: container, image: 'x' })) },
  })
  await api.client.updateStatus(pods, {
    ...pod,
    status: {
      phase: 'Running',
      podIP: '10.0.0.2',
      containerStatuses: containers.map((container) => ({
        name: container,
        image: 'x',
        imageID: 'x',
        ready: true,
        restartCount: 0,
        state: { running: {} },
      })),
    },
  })
}

/** How kubectl comes, and what makes it come that way. */
const carriers: [string, Record<string, string>][] = [
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
]
if (sinceKubectl(31)) carriers.push(['WebSocket', {}])

describe.each(carriers)('over %s', (carrier, env) => {
  const run = (): Kubectl => kubectl.with(env)
  beforeEach(() => upgrades.clear())
  afterEach(() => expect([...upgrades]).toEqual([carrier === 'WebSocket' ? 'websocket' : 'SPDY/3.1']))

  it('exec keeps the two outputs apart and hands on the exit code', async () => {
    const result = await run()('exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3')
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' })
    expect(result.stderr).toMatch(/^err\n/)
    expect(result.stderr).toContain('command terminated with exit code 3')
  })

  it('exec passes standard input on to its end', async () => {
    const input = 'one line\n'.repeat(50_000)
    const result = await run().withInput(input, 'exec', '-i', 'web', '--', 'cat')
    expect(result.code).toBe(0)
    expect(result.stdout).toBe(input)
  })

  it('exec brings large outputs home whole', async () => {
    const result = await run()('exec', 'web', '--', 'head', '-c', '5000000', '/dev/zero')
    expect(result.code).toBe(0)
    expect(result.stdout).toHaveLength(5_000_000)
  })

  it('exec stops the command when the client leaves', async () => {
    const running = run().start('exec', 'web', '--', 'sh', '-c', 'echo started; exec sleep 1000')
    await running.output(/started/)
    expect(node.running.size).toBe(1)
    const [child] = node.running
    await running.stop()
    if (child && node.running.has(child)) await once(child, 'close')
    expect(node.running.size).toBe(0)
  })

  it('exec gives a terminal its size', async () => {
    node.sizes.length = 0
    const words = `stty rows 33 cols 77; kubectl exec -it web -- sh -c 'sleep 0.3; echo done'`
    const script = spawn('script', ['-qec', words, '/dev/null'], {
      env: { ...process.env, KUBECONFIG: join(dir, 'kubeconfig'), ...env },
    })
    const [output] = await Promise.all([text(script.stdout), once(script, 'close')])
    expect(output).toContain('done')
    expect(node.sizes[0]).toEqual({ Width: 77, Height: 33 })
  })

  it('attach joins the running process', async () => {
    const result = await run().withInput('typed\n', 'attach', '-i', 'web')
    expect(result.stdout).toContain('typed')
  })

  it('cp copies there and back', async () => {
    const there = join(dir, 'original')
    const content = 'x'.repeat(300_000)
    await writeFile(there, content)
    await run().ok('cp', there, 'web:copy')
    expect(await readFile(join(dir, 'copy'), 'utf8')).toBe(content)
    const back = join(dir, 'back')
    await run().ok('cp', 'web:copy', back)
    expect(await readFile(back, 'utf8')).toBe(content)
  })

  it('port-forward carries many connections at once', async () => {
    const running = run().start('port-forward', 'pod/web', ':80')
    const output = await running.output(/127\.0\.0\.1:\d+/)
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(output)?.[1])
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(async (i) => (await fetch(`http://127.0.0.1:${port}/${i}`)).text()),
    )
    expect(answers).toEqual([1, 2, 3, 4, 5].map((i) => `hello from /${i}`))
    await running.stop()
  })

  it('port-forward says when nothing listens', async () => {
    const running = run().start('port-forward', 'pod/web', ':1')
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(await running.output(/127\.0\.0\.1:\d+/))?.[1])
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.end('x')
    await text(socket).catch(() => '')
    await running.output(/an error occurred forwarding/)
    await running.stop()
  })
})

describe('@kubernetes/client-node', () => {
  const config = (): KubeConfig => {
    const loaded = new KubeConfig()
    loaded.loadFromFile(join(dir, 'kubeconfig'))
    return loaded
  }

  it('executes, with input, both outputs and the status', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = new Promise<V1Status>((resolve, reject) => {
      const command = ['sh', '-c', 'read line; echo out $line; echo err >&2; exit 4']
      const stdin = new PassThrough()
      stdin.end('typed\n')
      new Exec(config()).exec('default', 'web', 'app', command, stdout, stderr, stdin, false, resolve).catch(reject)
    })
    expect(await status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '4' }] },
    })
    expect(stdout.read()?.toString()).toBe('out typed\n')
    expect(stderr.read()?.toString()).toBe('err\n')
  })

  it('forwards a port', async () => {
    const [client, server] = duplexPair()
    await new PortForward(config()).portForward('default', 'web', [80], server, null, server)
    client.write('GET /there HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let answer = ''
    for await (const chunk of client) {
      answer += String(chunk)
      if (answer.includes('hello from /there')) break
    }
    expect(answer).toContain('200 OK')
  })

  it('reads logs', async () => {
    node.write('client', 'x')
    node.write('app', 'from the client library')
    const log = new PassThrough()
    await new Log(config()).log('default', 'web', 'app', log, { tailLines: 1 })
    expect(await text(log)).toBe('from the client library\n')
  })
})

describe('a bare WebSocket', () => {
  const path = '/api/v1/namespaces/default/pods/web'
  async function messages(path: string, protocols: string[], send: string[] = []): Promise<string[]> {
    const { cert, key } = api.pki.admin
    const socket = new WebSocket(api.url.replace('https', 'wss') + path, protocols, { ca: api.ca, cert, key })
    const received: string[] = []
    socket.on('message', (data: Buffer) => received.push(data.toString()))
    await once(socket, 'open')
    for (const text of send) socket.send(text)
    await once(socket, 'close')
    return [socket.protocol, ...received]
  }
  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  it('carries a command in base64', async () => {
    const query = 'command=head&command=-c2&stdin=1&stdout=1'
    const [protocol, ...received] = await messages(
      `${path}/exec?${query}`,
      ['v4.base64.channel.k8s.io'],
      [`0${base64('hi')}`],
    )
    expect(protocol).toBe('v4.base64.channel.k8s.io')
    expect(received.slice(0, 2)).toEqual(['1', `1${base64('hi')}`])
    expect(Buffer.from(received[2]?.slice(1) ?? '', 'base64').toString()).toBe('{"metadata":{},"status":"Success"}')
  })

  it('carries a command in the oldest protocol, which says nothing of success', async () => {
    const received = await messages(`${path}/exec?command=echo&command=hi&stdout=1`, ['channel.k8s.io'])
    expect(received).toEqual(['channel.k8s.io', '\u0001', '\u0001hi\n'])
  })

  it('carries a log', async () => {
    node.write('app', 'over a WebSocket')
    expect(await messages(`${path}/log?tailLines=1`, ['binary.k8s.io'])).toEqual([
      'binary.k8s.io',
      'over a WebSocket\n',
    ])
  })

  it('is refused when it speaks nothing that we know', async () => {
    await expect(messages(`${path}/exec?command=x&stdout=1`, ['v9.channel.k8s.io'])).rejects.toThrow('400')
  })
})

describe('logs', () => {
  it('prints, tails and follows to the end', async () => {
    node.write('app', 'first')
    node.write('app', 'second')
    expect(await kubectl.ok('logs', 'web', '--tail=2')).toBe('first\nsecond\n')
    expect(await kubectl.ok('logs', 'web', '--tail=1')).toBe('second\n')
    const following = kubectl.start('logs', '-f', 'web')
    await following.output(/second/)
    node.write('app', 'third')
    await following.output(/third/)
    node.endLog('app')
    await once(following.child, 'close')
    expect(following.child.exitCode).toBe(0)
  })

  it('passes every option on to the node', async () => {
    await kubectl.ok('logs', 'web', '--previous', '--timestamps', '--since=5m', '--limit-bytes=100')
    expect(node.requests.at(-1)).toBe(
      'GET /containerLogs/default/web/app?previous=true&timestamps=true&sinceSeconds=300&limitBytes=100',
    )
  })

  it('wants a container named where there are several', async () => {
    const path = '/api/v1/namespaces/default/pods/two/log'
    expect((await kubectl('get', '--raw', path)).stderr).toContain(
      'a container name must be specified for pod two, choose one of: [a b]',
    )
    expect((await kubectl('logs', 'two', '-c', 'nope')).stderr).toContain('container nope is not valid for pod two')
  })
})

describe('proxy', () => {
  it('reaches a port of a pod and the node itself', async () => {
    expect(await kubectl.ok('get', '--raw', '/api/v1/namespaces/default/pods/web:80/proxy/path?x=1')).toBe(
      'hello from /path?x=1',
    )
    await api.client.create(nodes, { metadata: { name: 'worker-1' } })
    expect(await kubectl.ok('get', '--raw', '/api/v1/nodes/worker-1/proxy/healthz')).toBe('GET /healthz')
  })

  it('gives links and redirects of a page its own path', async () => {
    const path = '/api/v1/namespaces/default/pods/web:80/proxy'
    expect(await kubectl.ok('get', '--raw', `${path}/page`)).toBe(`<a href="${path}/next">Next</a>`)
    expect(await kubectl.ok('get', '--raw', `${path}/away`)).toBe('hello from /next')
    expect(await kubectl.ok('get', '--raw', `${path}?x=1`)).toBe('hello from /?x=1')
  })

  it('reaches a ready endpoint of a service by the name of its port', async () => {
    const service = '/api/v1/namespaces/default/services/http:web:http/proxy/'
    await api.client.create(services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { clusterIP: '10.96.0.99', clusterIPs: ['10.96.0.99'], ports: [{ name: 'http', port: 8080 }] },
    })
    expect((await kubectl('get', '--raw', service)).stderr).toContain('no endpoints available for service "web"')
    await api.client.create(endpointSlices, {
      metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.0.0.1'], nodeName: 'worker-1', conditions: { ready: false } },
        {
          addresses: ['10.0.0.2'],
          nodeName: 'worker-1',
          conditions: { ready: true },
          targetRef: { kind: 'Pod', namespace: 'default', name: 'web' },
        },
      ],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    })
    expect(await kubectl.ok('get', '--raw', service)).toBe('hello from /')
  })
})
