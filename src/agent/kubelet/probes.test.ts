import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Container } from '#shared/kube/generated/types.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { ContainerProbes } from './pod/container-probes.ts'
import { grpcProbe, healthRequest } from './grpc-probe.ts'
import { httpProbe, portOf, startProbes } from './probes.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function probed(container: Partial<Container>, results: Record<string, boolean>, started = false) {
  const clock = createFakeClock()
  const verdicts: string[] = []
  const failures: string[] = []
  const { stop } = startProbes({
    container: { name: 'c', ...container },
    podIp: '127.0.0.1',
    hostNetwork: false,
    started,
    clock,
    exec: async ([name = '']) => ({ code: results[name] ? 0 : 1, output: `${name} says no` }),
    onVerdict: (kind, passed) => verdicts.push(`${kind} ${passed}`),
    onFailure: (kind, message) => failures.push(`${kind}: ${message}`),
  })
  return { clock, verdicts, failures, stop }
}
const exec = (name: string, more: object = {}): object => ({ exec: { command: [name] }, periodSeconds: 10, ...more })

describe('verdicts', () => {
  test('the verdict changes after as many consecutive results as the threshold', async () => {
    const results = { r: true }
    const { clock, verdicts, failures } = probed(
      { readinessProbe: exec('r', { failureThreshold: 2, successThreshold: 2 }) },
      results,
    )
    await clock.advance(0)
    expect(verdicts).toEqual([])
    await clock.advance(10_000)
    expect(verdicts).toEqual(['readiness true'])
    results.r = false
    await clock.advance(10_000)
    results.r = true
    await clock.advance(10_000)
    expect(verdicts).toEqual(['readiness true'])
    results.r = false
    await clock.advance(20_000)
    expect(verdicts).toEqual(['readiness true', 'readiness false'])
    expect(failures[0]).toBe('readiness: r says no')
  })

  test('the initial delay is respected', async () => {
    const { clock, verdicts } = probed({ readinessProbe: exec('r', { initialDelaySeconds: 5 }) }, { r: true })
    await clock.advance(4_999)
    expect(verdicts).toEqual([])
    await clock.advance(1)
    expect(verdicts).toEqual(['readiness true'])
  })

  test('the other probes wait for the startup probe', async () => {
    const results = { s: false, l: false }
    const { clock, verdicts } = probed(
      { startupProbe: exec('s', { failureThreshold: 30 }), livenessProbe: exec('l', { failureThreshold: 1 }) },
      results,
    )
    await clock.advance(50_000)
    expect(verdicts).toEqual([])
    results.s = true
    await clock.advance(10_000)
    expect(verdicts).toEqual(['startup true', 'liveness false'])
  })

  test('the startup probe does not run again after a restart of the agent', async () => {
    const { clock, verdicts } = probed(
      { startupProbe: exec('s'), livenessProbe: exec('l', { failureThreshold: 1 }) },
      {},
      true,
    )
    await clock.advance(0)
    expect(verdicts).toEqual(['liveness false'])
  })

  test('a liveness probe that passes reports nothing', async () => {
    const { clock, verdicts, stop } = probed({ livenessProbe: exec('l') }, { l: true })
    await clock.advance(60_000)
    expect(verdicts).toEqual([])
    stop()
    expect(clock.pending).toBe(0)
  })
})

test.each([
  [80, 80],
  ['web', 8080],
  ['81', 81],
])('port %s of the container is %i', (port, expected) => {
  expect(portOf({ name: 'c', ports: [{ name: 'web', containerPort: 8080 }] }, port)).toBe(expected)
})

test('an undefined port name is an error', () => {
  expect(() => portOf({ name: 'c' }, 'web')).toThrow("couldn't find port: web")
})

test.each([
  [200, true],
  [399, true],
  [404, false],
  [503, false],
])('HTTP %i passes: %s', async (status, ok) => {
  const server = createServer((request, response) => {
    response.statusCode = request.headers['x-probe'] === 'yes' ? status : 500
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const outcome = await httpProbe(
    { port, path: '/', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] },
    { port, podIp: '127.0.0.1', hostNetwork: false, timeout: 5_000 },
  )
  expect(outcome.ok).toBe(ok)
})

describe('an HTTP redirect', () => {
  async function redirecting(location: string): Promise<number> {
    const server = createServer((request, response) => {
      if (request.url === '/') response.writeHead(302, { location }).end('<a href="/there">Found</a>.')
      else response.writeHead(request.url === '/well' ? 200 : 500).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    return (server.address() as AddressInfo).port
  }
  test.each<[string, string, boolean, string | undefined]>([
    ['is followed on the same host', '/well', true, undefined],
    ['fails by what it leads to', '/badly', false, undefined],
    [
      'to another host passes, with a warning',
      'http://192.0.2.1/',
      true,
      'Readiness probe warning: Probe terminated redirects, Response body: <a href="/there">Found</a>.',
    ],
  ])('%s', async (_name, location, passed, warning) => {
    const port = await redirecting(location)
    const warnings: string[] = []
    let changes = 0
    const clock = createFakeClock()
    const probes = new ContainerProbes({
      clock,
      exec: async () => ({ code: 0, output: '' }),
      onFailure: () => undefined,
      onWarning: (message) => warnings.push(message),
      onChange: () => changes++,
      onKill: () => undefined,
    })
    const readinessProbe = { httpGet: { port, path: '/' }, failureThreshold: 1 }
    probes.watch('id', { name: 'c', readinessProbe }, { podIp: '127.0.0.1', hostNetwork: false }, undefined)
    await clock.advance(0)
    await expect.poll(() => changes).toBe(1)
    expect(probes.ready).toBe(passed)
    expect(warnings).toEqual(warning === undefined ? [] : [warning])
    probes.end()
  })
})

describe('gRPC', () => {
  async function healthServer(
    trailers: Record<string, string>,
    body: Buffer,
  ): Promise<{ port: number; asked: Buffer[] }> {
    const asked: Buffer[] = []
    const server = createHttp2Server()
    server.on('stream', (stream, headers) => {
      if (headers[':path'] !== '/grpc.health.v1.Health/Check') stream.respond({ ':status': 404 }, { endStream: true })
      stream.on('data', (chunk: Buffer) => asked.push(chunk))
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers(trailers))
        stream.end(body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    return { port: (server.address() as AddressInfo).port, asked }
  }
  const answer = (status: number): Buffer => Buffer.from([0, 0, 0, 0, 2, 0x08, status])

  test.each<[string, Record<string, string>, Buffer, boolean, string]>([
    ['serving', { 'grpc-status': '0' }, answer(1), true, ''],
    ['not serving', { 'grpc-status': '0' }, answer(2), false, 'NOT_SERVING'],
    ['unknown, which is not encoded', { 'grpc-status': '0' }, Buffer.alloc(5), false, 'UNKNOWN'],
    ['without the protocol', { 'grpc-status': '12' }, Buffer.alloc(0), false, 'does not implement'],
    ['an error', { 'grpc-status': '5' }, Buffer.alloc(0), false, 'grpc status 5'],
  ])('%s', async (_name, trailers, body, ok, message) => {
    const { port, asked } = await healthServer(trailers, body)
    const outcome = await grpcProbe({ host: '127.0.0.1', port, service: 'ship', timeout: 5_000 })
    expect(outcome.ok).toBe(ok)
    if (!ok) expect(outcome.message).toContain(message)
    expect(Buffer.concat(asked)).toEqual(Buffer.from('\0\0\0\0\x06\x0a\x04ship', 'latin1'))
  })

  test('a request without a service is an empty message', () => expect(healthRequest('')).toEqual(Buffer.alloc(5)))

  test('a closed port is an error', async () => {
    await expect(grpcProbe({ host: '127.0.0.1', port: 1, service: '', timeout: 5_000 })).rejects.toThrow('ECONNREFUSED')
  })
})
