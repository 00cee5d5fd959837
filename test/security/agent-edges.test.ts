import { EventEmitter, once } from 'node:events'
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from 'node:http2'
import { createServer } from 'node:http'
import { createSocket } from 'node:dgram'
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair, PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { decode, encode } from 'dns-packet'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stored } from '#test/support/stored.ts'
import { startDns } from '#agent/dns/server.ts'
import { watchFaults } from '#agent/faults.ts'
import { createClusterVolumes } from '#agent/kubelet/cluster-volumes.ts'
import { createFlows } from '#agent/kubelet/flow.ts'
import { createImages, ImageFailed } from '#agent/kubelet/images.ts'
import { httpProbe } from '#agent/kubelet/probes.ts'
import { connectEngine } from '#agent/kubelet/runtime/connection.ts'
import { createDockerRuntime } from '#agent/kubelet/runtime/docker.ts'
import type { ExecSession, ObservedContainer, Runtime } from '#agent/kubelet/runtime/runtime.ts'
import { createKubeletServer } from '#agent/kubelet/server.ts'
import { createTunnels } from '#main/cluster/network/tunnel.ts'
import { findImage, saveImage } from '#main/cluster/workers/docker/build-image.ts'
import { dockerAt } from '#main/cluster/workers/docker/connection.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog, type Log } from '#shared/base/log.ts'
import { channels, encodeFrame } from '#shared/kube/stream-frames.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { freePort, startTunnel, type TestTunnel } from '#test/support/tunnel.ts'

const megabyte = 2 ** 20

/** Names of images that are none, as a pod or a worker may send them. */
const badImages = [
  '..',
  '../containers/json?',
  '../nosuch/x?',
  '../127.0.0.1:19999/x?',
  '../127.0.0.1:31999/x?',
  'a/../../containers/json',
  'busybox?x=1',
  'busybox#x',
  'busybox%2f..',
  '%2e%2e/containers',
  'http://127.0.0.1:19999/x',
  '//127.0.0.1:19999/x',
  'busybox\r\nX: y',
  'BUSYBOX',
  '',
]

/** Errors that nothing caught while the tests ran. */
const uncaught: unknown[] = []
const warnings: Error[] = []
const onUncaught = (error: unknown): void => void uncaught.push(error)
const onWarning = (warning: Error): void => void warnings.push(warning)
beforeAll(() => {
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUncaught)
  process.on('warning', onWarning)
})
afterAll(() => {
  process.off('uncaughtException', onUncaught)
  process.off('unhandledRejection', onUncaught)
  process.off('warning', onWarning)
})
afterEach(() => {
  expect(uncaught.splice(0)).toEqual([])
  expect(warnings.splice(0).filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
})

describe("the agent's kubelet API", () => {
  let session: ClientHttp2Session
  let stop: () => void
  let execSession: ExecSession
  let logs: () => Readable
  const faults: string[] = []

  beforeEach(async () => {
    faults.length = 0
    const container = {
      name: 'c',
      state: 'running',
      sandbox: false,
      id: 'c-1',
      tty: false,
      pid: 7,
    } as ObservedContainer
    const runtime: Partial<Runtime> = {
      containers: () => [container],
      exec: async () => execSession,
      logs: async () => logs(),
    }
    const serve = createKubeletServer({
      runtime: runtime as Runtime,
      findPod: (_namespace, name) => (name === 'p' ? { uid: 'u', ip: '127.0.0.1' } : undefined),
      flows: createFlows(),
      pages: {
        find: ([first]) => (first === 'healthz' ? async () => ({ type: 'text/plain', body: 'ok' }) : undefined),
      },
      volumes: createClusterVolumes({ roots: [] }),
      limitsChanged: () => undefined,
      shutDown: async () => undefined,
      imageStore: {
        list: async () => [],
        load: async () => undefined,
        copy: async () => undefined,
        removeUnused: async () => [],
      },
      onFault: () => void faults.push('fault'),
      log: silentLog,
    })
    const server = createHttp2Server({ settings: { initialWindowSize: megabyte } })
    server.on('stream', serve)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      settings: { initialWindowSize: megabyte },
    })
    session.on('error', () => undefined)
    stop = () => {
      session.destroy()
      server.close()
    }
  })
  afterEach(() => stop())

  function open(method: string, path: string): ClientHttp2Stream {
    const stream = session.request({ ':method': method, ':path': path }, { endStream: method === 'GET' })
    stream.on('error', () => undefined)
    return stream
  }
  async function statusOf(stream: ClientHttp2Stream): Promise<number> {
    const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
    return headers[':status']
  }
  const status = async (method: string, path: string): Promise<number> => {
    const stream = open(method, path)
    const found = await statusOf(stream)
    stream.close()
    return found
  }

  test.each([
    ['GET', '/%ff', 400],
    ['GET', '/%', 400],
    ['GET', '/containerLogs/%ff/p/c', 400],
    ['POST', '/exec/n/p/%c3', 400],
    ['GET', '//', 404],
    ['GET', '/', 404],
    ['GET', '/constructor/n/p/c', 404],
    ['GET', '/__proto__', 404],
    ['GET', '/containerLogs/n/..%2f../c', 404],
    ['GET', '/containerLogs/n/p/c?tailLines=x', 400],
    ['GET', '/containerLogs/n/p/c?limitBytes=-1', 400],
    ['GET', '/containerLogs/n/p/c?sinceSeconds=1e99', 400],
    ['GET', '/containerLogs/n/p/c?sinceTime=yesterday', 400],
    ['POST', '/portForward/n/p?port=99999', 400],
    ['POST', '/portForward/n/p?port=x', 400],
    ['POST', '/portForward/n/p', 400],
    ['POST', '/exec/n/p/c', 400],
  ])('%s %s is answered with %i', async (method, path, expected) => {
    expect(await status(method, path)).toBe(expected)
    expect(await status('GET', '/healthz')).toBe(200)
    expect(faults).toEqual([])
  })

  test.each(['exec', 'attach', 'portForward'])('%s is not had by GET', async (verb) => {
    expect(await status('GET', `/${verb}/n/p/c?command=id&port=80`)).toBe(405)
    expect(await status('PUT', `/${verb}/n/p/c?command=id&port=80`)).toBe(405)
  })

  test('a runtime that throws is answered with 500 and counted', async () => {
    logs = () => {
      throw new Error('no such container')
    }
    expect(await status('GET', '/containerLogs/n/p/c')).toBe(500)
    expect(faults).toEqual(['fault'])
  })

  /** A command whose input nobody reads: what it was given counts. */
  function deafCommand(): { received: () => number } {
    const [near, far] = duplexPair({ highWaterMark: 64 * 1024 })
    let received = 0
    const write = near.write.bind(near)
    near.write = (chunk: Buffer) => {
      received += chunk.length
      return write(chunk)
    }
    void far
    const ended = once(near, 'close')
    execSession = {
      stdin: near,
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      resize: async () => undefined,
      end: () => near.destroy(),
      exit: async () => {
        await ended
        return { code: 0 }
      },
    }
    return { received: () => received }
  }

  test.each([
    ['a frame that claims 4 GiB', Buffer.from([0, 255, 255, 255, 255, 1, 2, 3])],
    ['a size that is no JSON', Buffer.from(encodeFrame(channels.resize, Buffer.from('{"Width":')))],
    ['noise', Buffer.alloc(100_000, 0xfe)],
  ])('%s ends that stream alone', async (_, bytes) => {
    deafCommand()
    const stream = open('POST', '/exec/n/p/c?command=sh&stdin=1')
    expect(await statusOf(stream)).toBe(200)
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.write(bytes)
    await closed
    expect(await status('GET', '/healthz')).toBe(200)
  })

  test('a size that is none is ignored', async () => {
    deafCommand()
    const stream = open('POST', '/exec/n/p/c?command=sh&stdin=1')
    await statusOf(stream)
    for (const size of ['null', '[]', '7', '{"Width":"x","Height":{}}', '{"Width":1e9,"Height":-1}'])
      stream.write(encodeFrame(channels.resize, Buffer.from(size)))
    await sleep(50)
    expect(stream.destroyed).toBe(false)
  })

  test('input for a process that does not read stays with its sender', async () => {
    const { received } = deafCommand()
    const stream = open('POST', '/exec/n/p/c?command=sleep&stdin=1')
    await statusOf(stream)
    const frame = encodeFrame(channels.stdin, Buffer.alloc(64 * 1024))
    let sent = 0
    while (sent < 100 * megabyte) {
      sent += frame.length
      if (stream.write(frame)) continue
      const isDrained = await Promise.race([once(stream, 'drain').then(() => true), sleep(300).then(() => false)])
      if (!isDrained) break
    }
    expect(sent).toBeLessThan(3 * megabyte)
    expect(received()).toBeLessThan(megabyte)
    expect(await status('GET', '/healthz')).toBe(200)
  })

  test('followers that stall keep little each, and hold no other up', async () => {
    let stalled = 0
    const endless = (count: (bytes: number) => void): Readable =>
      new Readable({
        read() {
          count(64 * 1024)
          setImmediate(() => this.push(Buffer.alloc(64 * 1024, 'x')))
        },
      })
    logs = () => endless((bytes) => (stalled += bytes))
    const slow = Array.from({ length: 40 }, () => open('GET', '/containerLogs/n/p/c?follow=true'))
    await Promise.all(slow.map(statusOf))
    logs = () => endless(() => undefined)
    const fast = open('GET', '/containerLogs/n/p/c?follow=true')
    let read = 0
    fast.on('data', (chunk: Buffer) => (read += chunk.length))
    await expect.poll(() => read, { timeout: 90_000 }).toBeGreaterThan(100 * megabyte)
    expect(stalled / slow.length).toBeLessThan(1.5 * megabyte)
    for (const stream of [...slow, fast]) stream.close()
  })
})

test('when too many stand still, the one that does so longest is cut', async () => {
  const cuts: string[] = []
  const flows = createFlows({ limit: 3, onCut: () => void cuts.push('cut') })
  const targets = Array.from({ length: 5 }, () => new PassThrough({ highWaterMark: 1 }))
  const writes = targets.map((target) => flows.write(target, Buffer.alloc(10)))
  expect(targets.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false, false])
  expect(await Promise.all(writes.slice(0, 2))).toEqual([false, false])
  expect(cuts).toHaveLength(2)
  targets[4]?.resume()
  expect(await writes[4]).toBe(true)
})

describe('what a worker asks of the host', () => {
  let tunnel: TestTunnel
  const asked: string[] = []
  beforeAll(async () => {
    tunnel = await startTunnel({
      fetchImage: async (reference) => {
        asked.push(reference)
        return reference === 'busybox:1.36' ? Readable.from(['a tar']) : undefined
      },
      findImage: async (reference) => {
        asked.push(reference)
        return undefined
      },
    })
  })
  afterAll(() => tunnel.stop())
  afterEach(() => void (asked.length = 0))

  /** A worker that sends what it likes: its own end of the tunnel, with its certificate. */
  async function compromisedWorker(
    use: (session: ClientHttp2Session) => Promise<void>,
    options: { fetchImage?(reference: string): Promise<Readable | undefined> } = {},
  ): Promise<void> {
    const { server: serving } = await tunnel.pki.issueNode('worker-2')
    const port = await freePort()
    const sessions: ClientHttp2Session[] = []
    const reverse = new EventEmitter()
    const server = createTlsServer({ ...serving, ALPNProtocols: ['h2', 'slipway-reverse'] }, (socket) => {
      socket.on('error', () => undefined)
      if (socket.alpnProtocol !== 'slipway-reverse') return
      const session = connectHttp2('http://host', { createConnection: () => socket })
      session.on('error', () => undefined)
      sessions.push(session)
      session.once('connect', () => reverse.emit('session', session))
    })
    const arrived = once(reverse, 'session') as Promise<[ClientHttp2Session]>
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
    const host = createTunnels({
      tls: { ca: tunnel.pki.tunnel.ca, ...tunnel.pki.tunnel.host },
      apiServerPort: () => 1,
      fetchImage: async (reference) => {
        asked.push(reference)
        return undefined
      },
      findImage: async (reference) => {
        asked.push(reference)
        return undefined
      },
      clock: systemClock,
      log: silentLog,
      ...options,
    })
    host.open('worker-2', port)
    try {
      const [session] = await arrived
      await use(session)
    } finally {
      await host.stop()
      for (const session of sessions) session.destroy()
      server.close()
    }
  }
  async function request(session: ClientHttp2Session, headers: Record<string, string>): Promise<number> {
    const stream = session.request(headers)
    stream.on('error', () => undefined)
    const [answer] = (await once(stream, 'response')) as [{ ':status': number }]
    stream.close()
    return answer[':status']
  }

  test('an image by its name', async () => {
    expect(await tunnel.agent.fetchImage('busybox:1.36')).toBeDefined()
    expect(asked).toEqual(['busybox:1.36'])
  })

  test('anything else is refused before the engine is asked, and the host lives', async () => {
    await compromisedWorker(async (session) => {
      for (const path of [
        '/images/%ff',
        '/images/%',
        '/images/..%2F127.0.0.1:19999%2Fx%3F',
        '/images/..%2Fcontainers',
        ...badImages.map((name) => `/images/${encodeURIComponent(name)}`),
      ])
        for (const method of ['GET', 'HEAD'])
          expect(await request(session, { ':method': method, ':path': path }), path).toBe(400)
      for (const path of ['//', '/', '/images', '/images/busybox/..', '/images/busybox/json', '/nothing'])
        expect([400, 404], path).toContain(await request(session, { ':method': 'GET', ':path': path }))
      expect(await request(session, { ':method': 'POST', ':path': '/images/busybox' })).toBe(405)
      for (const authority of ['127.0.0.1:22', 'apiserver:22', 'apiserver:99999', 'x', '[::1]:443'])
        expect([400, 403]).toContain(await request(session, { ':method': 'CONNECT', ':authority': authority }))
      expect(asked).toEqual([])
      expect(await request(session, { ':method': 'HEAD', ':path': '/images/busybox%3A1.36' })).toBe(404)
      expect(await request(session, { ':method': 'CONNECT', ':authority': 'apiserver:443' })).toBe(503)
    })
  })

  test('no more than sixteen images at once', async () => {
    const open: PassThrough[] = []
    const fetchImage = async (): Promise<Readable> => {
      const image = new PassThrough()
      open.push(image)
      return image
    }
    await compromisedWorker(
      async (session) => {
        const streams = Array.from({ length: 20 }, () => session.request({ ':path': '/images/busybox' }))
        const answers = await Promise.all(
          streams.map(async (stream) => {
            stream.on('error', () => undefined)
            const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
            return headers[':status']
          }),
        )
        expect(answers.filter((status) => status === 200)).toHaveLength(16)
        expect(answers.filter((status) => status === 503)).toHaveLength(4)
      },
      { fetchImage },
    )
    await expect.poll(() => open.every(({ destroyed }) => destroyed)).toBe(true)
  })
})

describe('engines that redirect', () => {
  let dir: string
  let socketPath: string
  const targets: string[] = []
  const stops: (() => void)[] = []
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'slipway-engine-'))
    socketPath = join(dir, 'docker.sock')
    const elsewhere = createServer((message, response) => {
      targets.push(message.url ?? '')
      response.end('{}')
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', () => resolve()))
    const { port } = elsewhere.address() as AddressInfo
    const engine = createServer((message, response) => {
      const location = message.url?.includes('refused')
        ? 'http://127.0.0.1:1/x'
        : message.url?.includes('protocol')
          ? 'gopher://x/y'
          : `http://127.0.0.1:${port}/stolen`
      response.writeHead(301, { location }).end()
    })
    await new Promise<void>((resolve) => engine.listen(socketPath, () => resolve()))
    stops.push(
      () => elsewhere.close(),
      () => engine.close(),
    )
  })
  afterAll(async () => {
    for (const stop of stops) stop()
    await rm(dir, { recursive: true })
  })

  test.each(['followed', 'refused', 'protocol'])('are not followed by the agent or the host: %s', async (name) => {
    const runtime = createDockerRuntime({ socketPath, pauseImage: 'pause', log: silentLog })
    await expect(runtime.hasImage(name)).rejects.toThrow('301')
    await expect(runtime.pullImage(name)).rejects.toThrow('301')
    await expect(runtime.logs(name, { follow: false, timestamps: false })).rejects.toThrow('301')
    await expect(connectEngine(socketPath).getContainer(name).inspect()).rejects.toThrow('301')
    const host = dockerAt(`unix://${socketPath}`)
    await expect(findImage(host, name)).rejects.toThrow('301')
    await expect(saveImage(host, name)).rejects.toThrow('301')
    expect(targets).toEqual([])
  })

  test('paths are escaped, whatever the name', async () => {
    const seen: string[] = []
    const path = join(dir, 'second.sock')
    const engine = createServer((message, response) => {
      seen.push(message.url ?? '')
      response.writeHead(404).end('{"message":"none"}')
    })
    await new Promise<void>((resolve) => engine.listen(path, () => resolve()))
    stops.push(() => engine.close())
    const runtime = createDockerRuntime({ socketPath: path, pauseImage: 'pause', log: silentLog })
    await runtime.hasImage('a?b#c%2f')
    await findImage(dockerAt(`unix://${path}`), 'a?b#c%2f')
    expect(new Set(seen)).toEqual(new Set(['/images/a%3Fb%23c%252f/json']))
  })
})

test.each(badImages)(
  'a container with the image %j waits with InvalidImageName, and no engine is asked',
  async (image) => {
    const never = (): never => {
      throw new Error('the engine was asked')
    }
    const images = createImages({
      runtime: { hasImage: never, loadImage: never, pullImage: never } as Partial<Runtime> as Runtime,
      fetchImage: never,
      hostImage: never,
      hostCredentials: never,
      mirrors: { pull: never, find: never },
      records: {
        isOpen: never,
        allows: never,
        pulled: never,
        forget: never,
        pulling: never,
        settled: never,
        unsettled: () => [],
        close: never,
      },
      log: silentLog,
    })
    images.forget(image)
    for (const attempt of [images.present({ name: 'c', image }), images.ensure({ name: 'c', image }, never)]) {
      const error = await attempt.then(
        () => undefined,
        (failure: unknown) => failure,
      )
      expect(error).toBeInstanceOf(ImageFailed)
      expect((error as ImageFailed).reason).toBe('InvalidImageName')
      expect((error as ImageFailed).message).toMatch(
        /^Failed to apply default image tag ".*": couldn't parse image name/,
      )
    }
  },
)

describe('probes and hooks', () => {
  let port: number
  let asked: { host: string | undefined; headers: Record<string, unknown> }[]
  const closers: (() => void)[] = []
  beforeEach(async () => {
    asked = []
    const server = createServer((message, response) => {
      asked.push({ host: message.headers.host, headers: message.headers })
      if (message.url === '/local') response.writeHead(302, { location: '/bad' }).end()
      else if (message.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/x' }).end()
      else if (message.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
      else response.writeHead(message.url === '/bad' ? 500 : 200).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    port = (server.address() as AddressInfo).port
    closers.push(() => server.close())
  })
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })
  const probe = (action: { host?: string; path?: string }, hostNetwork = false, timeout = 5_000) =>
    httpProbe({ port, ...action }, { port, podIp: '127.0.0.1', hostNetwork, timeout })

  test.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    'localhost',
    '::1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
    '0',
    '169.254.169.254',
    '[::1]',
  ])('a pod cannot have the agent ask its own loopback as %s', async (host) => {
    expect((await probe({ host })).ok).toBe(false)
    expect(asked).toEqual([])
  })

  test('a pod in the network of its worker can, and the pod itself is asked as ever', async () => {
    expect((await probe({ host: '127.0.0.1' }, true)).ok).toBe(true)
    expect((await probe({})).ok).toBe(true)
  })

  test('no credentials are sent', async () => {
    await probe({})
    expect(Object.keys(asked[0]?.headers ?? {}).sort()).toEqual(['accept', 'connection', 'host', 'user-agent'])
  })

  test('redirects are followed on the same host, ten times at most; elsewhere they are a success', async () => {
    expect(await probe({ path: '/local' })).toEqual({ ok: false, message: 'HTTP probe failed with statuscode: 500' })
    expect((await probe({ path: '/away' })).ok).toBe(true)
    expect((await probe({ path: '/loop' })).message).toContain('stopped after 10 redirects')
  })

  test('an answer that never ends is given up in time', async () => {
    const trickle = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 50)
      socket.on('close', () => clearInterval(timer))
    })
    await new Promise<void>((resolve) => trickle.listen(0, '127.0.0.1', () => resolve()))
    closers.push(() => trickle.close())
    const { port: slow } = trickle.address() as AddressInfo
    const outcome = await httpProbe(
      { port: slow },
      { port: slow, podIp: '127.0.0.1', hostNetwork: false, timeout: 400 },
    )
    expect(outcome.message).toContain('context deadline exceeded')
  })
})

describe('the DNS of a worker', () => {
  let stop: () => Promise<void>
  let port: number
  beforeEach(async () => {
    port = await freePort()
    const ips = Array.from({ length: 50 }, (_, index) => `10.244.0.${index + 1}`)
    stop = await startDns({
      address: '127.0.0.1',
      port,
      domain: 'cluster.local',
      source: {
        service: (namespace, name) => stored({ metadata: { namespace, name }, spec: { clusterIP: 'None' } }),
        slicesOf: () => [{ metadata: {}, addressType: 'IPv4', endpoints: ips.map((ip) => ({ addresses: [ip] })) }],
        hasNamespace: () => true,
        serviceByIp: () => undefined,
        endpointByIp: () => undefined,
      },
      // Nothing answers there, so every question waits for its time to run out.
      upstreams: ['127.0.0.2'],
      log: silentLog,
    })
  })
  afterEach(() => stop())
  const questionFor = (name: string): Buffer =>
    Buffer.from(encode({ type: 'query', id: 7, flags: 0x0100, questions: [{ type: 'A', name }] }))

  test('cuts who asks and does not read', async () => {
    const question = questionFor('web.shop.svc.cluster.local')
    const framed = Buffer.concat([Buffer.from([0, question.length]), question])
    const socket = connectTcp({ host: '127.0.0.1', port })
    socket.on('error', () => undefined)
    socket.pause()
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const batch = Buffer.concat(Array<Buffer>(500).fill(framed))
    const feed = setInterval(() => socket.write(batch), 5)
    await closed
    clearInterval(feed)
  })

  test.each([Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(600, 0xff), Buffer.from('GET / HTTP/1.1')])(
    'survives %j',
    async (bytes) => {
      const socket = createSocket('udp4')
      socket.send(bytes, port, '127.0.0.1')
      socket.send(questionFor('web.shop.svc.cluster.local'), port, '127.0.0.1')
      const [reply] = (await once(socket, 'message')) as [Buffer]
      expect(decode(reply).id).toBe(7)
      socket.close()
    },
  )
})

describe('faults of the agent', () => {
  function watch() {
    const source = new EventEmitter()
    const lines: string[] = []
    let ends = 0
    const log: Log = {
      ...silentLog,
      error: (message, fields) => void lines.push(`${message} ${String(fields?.error)}`),
    }
    const clock = createFakeClock()
    const process = source as unknown as Pick<NodeJS.Process, 'on'>
    const faults = watchFaults({ log, end: () => void ends++, clock, process })
    return { source, lines, faults, clock, ends: () => ends }
  }

  test('are logged, counted, and survived; a stack is written once', () => {
    const { source, lines, faults, ends } = watch()
    for (let time = 0; time < 3; time++) source.emit('uncaughtException', new Error('of undefined'))
    source.emit('unhandledRejection', 'no error at all')
    expect(lines).toHaveLength(4)
    expect(lines.filter((line) => line.includes('\n    at '))).toHaveLength(1)
    expect(faults.metrics()).toContain('slipway_agent_faults_total{kind="uncaughtException"} 3')
    expect(faults.metrics()).toContain('slipway_agent_faults_total{kind="unhandledRejection"} 1')
    expect(ends()).toBe(0)
  })

  test('that do not stop make it start anew', async () => {
    const { source, clock, ends } = watch()
    for (let time = 0; time < 100; time++) source.emit('uncaughtException', new Error('again'))
    await clock.advance(61_000)
    source.emit('uncaughtException', new Error('again'))
    expect(ends()).toBe(0)
    for (let time = 0; time < 100; time++) source.emit('uncaughtException', new Error('again'))
    expect(ends()).toBe(1)
  })
})
