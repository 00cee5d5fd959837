import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Duplex } from 'node:stream'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createKubectl, type Kubectl } from '../support/kubectl.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** Wall 3: nothing that a client sends to the host process ends it. The built app, attacked over raw sockets. */

let slipway: Slipway
let kubectl: Kubectl
let ui: { port: number; cookie: string }
let apiPort: number

beforeAll(async () => {
  slipway = await slipwayUp({ name: `edges-${process.pid}`, args: ['--simulated', '1'] })
  kubectl = createKubectl(slipway.kubeconfig)
  const { port, search } = new URL(slipway.ready.ui)
  ui = { port: Number(port), cookie: await signIn(Number(port), search) }
  apiPort = Number(new URL(slipway.ready.server).port)
})
afterAll(() => slipway?.end())

function signIn(port: number, search: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: `/${search}` }, (response) => {
      response.resume()
      resolve(response.headers['set-cookie']?.[0]?.split(';')[0] ?? '')
    })
      .on('error', reject)
      .end()
  })
}

const toUi = (): Duplex => connectTcp(ui.port, '127.0.0.1')
const toApi = (): Duplex => connectTls({ port: apiPort, host: '127.0.0.1', rejectUnauthorized: false })

/** Sends bytes and resolves with what came back by the time the server closes, or after a while. */
function send(open: () => Duplex, bytes: Buffer | string, waitMs = 500): Promise<string> {
  return new Promise((resolve) => {
    const socket = open()
    let answer = ''
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(done, waitMs)
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      // Keep-alive connections stay open: the first answer is enough.
      if (answer.includes('\r\n\r\n')) done()
    })
    socket.on('error', done)
    socket.on('close', done)
    socket.write(bytes)
  })
}

async function expectAlive(): Promise<void> {
  expect(slipway.process.exitCode).toBeNull()
  expect(slipway.process.signalCode).toBeNull()
  const page = await send(toUi, `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${ui.cookie}\r\n\r\n`, 10_000)
  expect(page).toMatch(/^HTTP\/1\.1 200 /)
  expect(await kubectl.ok('get', '--raw', '/readyz')).toBe('ok')
  // The process outlives what nothing caught, but no request may get that far.
  const uncaught = /^slipway_uncaught_errors_total.*$/gm
  for (const line of (await kubectl.ok('get', '--raw', '/metrics')).match(uncaught) ?? ['missing'])
    expect(line).toMatch(/ 0$/)
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const host = 'Host: 127.0.0.1\r\n'
const token = 'a'.repeat(42)
const webSocket = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'

describe('the page', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['an empty authority as target', `GET // HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 4\d\d /],
    ['an invalid URL as target', `GET http://[ HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 400 /],
    ['an asterisk as target', `OPTIONS * HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 400 /],
    [
      'a token with an encoded non-ASCII character',
      `GET /?token=${token}%C3%A9 HTTP/1.1\r\n${host}\r\n`,
      /^HTTP\/1\.1 401 /,
    ],
    [
      'a token with a raw non-ASCII byte',
      latin1(`GET /?token=${token}\xe9 HTTP/1.1\r\n${host}\r\n`),
      /^HTTP\/1\.1 40[01] /,
    ],
    ['a malformed escape', `GET /%ff%zz?token=%ff HTTP/1.1\r\n${host}\r\n`, /^HTTP\/1\.1 401 /],
    ['an upgrade elsewhere', `GET http://[/rpc HTTP/1.1\r\n${host}${webSocket}\r\n`, /^HTTP\/1\.1 4\d\d /],
    ['a CONNECT', `CONNECT 127.0.0.1:80 HTTP/1.1\r\n${host}\r\n`, /^(HTTP\/1\.1 4\d\d |$)/],
    ['no HTTP at all', '\x16\x03\x01\x00\xff', /^(HTTP\/1\.1 400 |$)/],
    ['a head that is too large', `GET / HTTP/1.1\r\n${host}x: ${'y'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ])('answers %s', async (_name, bytes, expected) => {
    expect(await send(toUi, bytes, 2_000)).toMatch(expected)
    await expectAlive()
  })

  test('answers a cookie with a non-ASCII byte in the place of a valid one', async () => {
    for (const change of [0, 1, 20]) {
      const secret = ui.cookie.slice(ui.cookie.indexOf('=') + 1)
      const changed = `${secret.slice(0, change)}\xe9${secret.slice(change + 1)}`
      const cookie = `${ui.cookie.slice(0, ui.cookie.indexOf('='))}=${changed}`
      expect(await send(toUi, latin1(`GET / HTTP/1.1\r\n${host}Cookie: ${cookie}\r\n\r\n`))).toMatch(/^HTTP\/1\.1 401 /)
      const upgrade = `GET /rpc HTTP/1.1\r\n${host}Origin: http://127.0.0.1\r\n${webSocket}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${cookie}\r\n\r\n`
      expect(await send(toUi, latin1(upgrade))).toMatch(/^HTTP\/1\.1 403 /)
    }
    await expectAlive()
  })

  test('closes WebSockets that send garbage, and serves the next', async () => {
    const random = randomFrom(7)
    for (let i = 0; i < 60; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${ui.port}/rpc`, {
        headers: { cookie: ui.cookie, origin: `http://127.0.0.1:${ui.port}` },
      })
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.once('open', resolve))
      for (const message of [
        '',
        '{',
        'null',
        '[]',
        '{"i":"1"}',
        '{"i":"1","t":3,"p":null}',
        '{"i":"2","p":{"u":"//["}}',
      ])
        socket.send(message)
      socket.send(bytesFrom(random, 200))
      // Frames that no WebSocket sends: reserved bits, unmasked data, a control frame that is too long.
      const raw = (socket as unknown as { _socket: Duplex })._socket
      raw.write(bytesFrom(random, 64))
      await new Promise((resolve) => setTimeout(resolve, 5))
      socket.terminate()
    }
    await expectAlive()
  })
})

describe('the API server', () => {
  test.each<[string, string | Buffer]>([
    ['an invalid URL as target', `GET http://[ HTTP/1.1\r\n${host}\r\n`],
    ['an empty authority as target', `GET // HTTP/1.1\r\n${host}\r\n`],
    ['malformed escapes', `GET /api/v1/namespaces/%ff/pods/%zz/exec?command=%ff HTTP/1.1\r\n${host}\r\n`],
    [
      'a bearer token of arbitrary bytes',
      latin1(`GET /api HTTP/1.1\r\n${host}Authorization: Bearer \xe9\xff\xfe\r\n\r\n`),
    ],
    ['an audit id of arbitrary bytes', latin1(`GET /api HTTP/1.1\r\n${host}Audit-Id: \xe9\xff\x80\r\n\r\n`)],
    ['impersonation of arbitrary bytes', latin1(`GET /api HTTP/1.1\r\n${host}Impersonate-Extra-%zz: \xe9\r\n\r\n`)],
    ['an upgrade of a path that has none', `GET //[ HTTP/1.1\r\n${host}${webSocket}\r\n`],
    [
      'a WebSocket protocol that carries no token',
      `GET /api HTTP/1.1\r\n${host}${webSocket}Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.%ff,,\r\n\r\n`,
    ],
  ])('answers %s with 4xx', async (_name, bytes) => {
    expect(await send(toApi, bytes, 5_000)).toMatch(/^HTTP\/1\.1 4\d\d /)
    await expectAlive()
  })
})

describe('thousands of malformed requests', () => {
  test.each<[string, () => () => Duplex, number]>([
    ['to the page', () => toUi, 4_000],
    ['to the API server', () => toApi, 1_500],
  ])('%s leave the app alive', async (_name, target, count) => {
    const random = randomFrom(20261128)
    let next = 0
    const attack = async (): Promise<void> => {
      while (next++ < count) await send(target(), malformedRequest(random, ui.cookie), 150)
    }
    await Promise.all(Array.from({ length: 24 }, attack))
    await expectAlive()
  })
})

type Random = (below: number) => number

/** A linear congruential generator: the same seed gives the same attack. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const bytesFrom = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: random(most) + 1 }, () => random(256)))

/** A request that is wrong in its method, target, header fields, cookies, upgrade or body, or in several of them. */
function malformedRequest(random: Random, cookie: string): Buffer {
  const pick = <T>(choices: readonly T[]): T => choices[random(choices.length)] as T
  const noise = (most: number): string => bytesFrom(random, most).toString('latin1')
  const target = pick([
    '/',
    '//',
    '///[',
    'http://[',
    'http://',
    '*',
    '',
    '/?token=',
    '/?token=%',
    '/?token=%C3%A9',
    '/rpc',
    '/api/v1/pods?watch=1&x=%ff',
    '/%',
    '/%00',
    '/..%2f..%2f',
    '/apis/%ff/%zz',
    '/api/v1/nodes/%ff/proxy/%ff',
    `/${noise(20)}`,
    `/?token=${noise(43)}`,
    '/assets/%ff.js',
  ])
  const fields = Array.from({ length: random(5) }, () =>
    pick([
      `Cookie: ${cookie}`,
      `Cookie: ${cookie.slice(0, -1)}\xe9`,
      `Cookie: ${noise(30)}`,
      `Cookie: =;;=; ${cookie.split('=')[0] ?? ''}`,
      `Origin: ${noise(10)}`,
      'Origin: null',
      `Authorization: Bearer ${noise(20)}`,
      'Authorization: Bearer ',
      'Content-Length: -1',
      'Content-Length: 99999999999999999999',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: chunked, x',
      'Expect: 100-continue',
      'Expect: x',
      'Connection: Upgrade\r\nUpgrade: websocket',
      'Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x',
      'Connection: Upgrade\r\nUpgrade: SPDY/3.1',
      `Sec-WebSocket-Key: ${noise(24)}`,
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Version: x',
      `Sec-WebSocket-Protocol: ${noise(20)}`,
      `Sec-WebSocket-Extensions: permessage-deflate; ${noise(9)}`,
      'Accept: ;;;=,,',
      `Accept: ${noise(20)}`,
      `Accept-Encoding: ${noise(9)}`,
      `Impersonate-User: ${noise(9)}`,
      'Impersonate-Extra-%zz: x',
      `Audit-Id: ${noise(70)}`,
      `User-Agent: ${noise(300)}`,
      `If-None-Match: ${noise(9)}`,
      `Host: ${noise(9)}`,
      ' folded: x',
      'x',
      ': x',
    ]),
  )
  const line = `${pick(['GET', 'POST', 'PUT', 'OPTIONS', 'CONNECT', 'PRI', 'get', noise(5)])} ${target} ${pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''])}`
  return latin1(
    `${line}\r\n${[pick(['Host: 127.0.0.1', 'Host: localhost:1', 'Host: x']), ...fields].join('\r\n')}\r\n\r\n${pick(['', '', noise(40), '5\r\nhello\r\n0\r\n\r\n', 'zz\r\n'])}`,
  )
}
