import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { silentLog } from '#shared/base/log.ts'
import type { Router } from '#main/rpc/index.ts'
import { startWebServer, type WebServer } from '#main/web/server.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

/** Wall 10: a session of the headless page ends, by sign-out or by time, and is worth nothing afterwards. */

let dir: string
let clock: FakeClock
let servers: WebServer[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-sessions-'))
  await mkdir(join(dir, 'face'))
  await writeFile(join(dir, 'face/index.html'), '<title>Slipway</title>')
  clock = createFakeClock()
  servers = []
})
afterEach(async () => {
  for (const server of servers) await server.stop()
  await rm(dir, { recursive: true })
})

const start = async (): Promise<WebServer> => {
  const server = await startWebServer({
    router: {} as Router,
    renderer: join(dir, 'face'),
    port: 0,
    controlSocket: join(dir, `control-${servers.length}.sock`),
    clock,
    log: silentLog,
  })
  servers.push(server)
  return server
}

interface Reply {
  status: number
  cookie: string
}

function send(server: WebServer, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { headers, method }, (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, cookie: response.headers['set-cookie']?.[0] ?? '' })
    })
      .on('error', reject)
      .end()
  })
}

async function signIn(server: WebServer): Promise<string> {
  const { status, cookie } = await send(server, `/${new URL(server.signInUrl()).search}`)
  expect(status).toBe(303)
  return cookie.split(';')[0] ?? ''
}

const signOut = (server: WebServer, cookie: string, origin = server.url): Promise<Reply> =>
  send(server, '/sign-out', { cookie, origin }, 'POST')

/** An open WebSocket of the session, and the code with which it closes. */
async function openSocket(server: WebServer, cookie: string): Promise<{ socket: WebSocket; closed: Promise<number> }> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/rpc`, { headers: { cookie, origin: server.url } })
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('open', resolve))
  return { socket, closed: new Promise((resolve) => socket.once('close', resolve)) }
}

const hour = 3_600_000

describe('signing out', () => {
  test('revokes the session and closes its WebSockets, and no other session', async () => {
    const server = await start()
    const [mine, other] = [await signIn(server), await signIn(server)]
    const { closed } = await openSocket(server, mine)
    const bystander = await openSocket(server, other)
    const { status, cookie } = await signOut(server, mine)
    expect(status).toBe(204)
    expect(cookie).toContain('Max-Age=0')
    expect(await closed).toBe(4401)
    expect((await send(server, '/', { cookie: mine })).status).toBe(401)
    expect((await send(server, '/', { cookie: other })).status).toBe(200)
    expect(bystander.socket.readyState).toBe(WebSocket.OPEN)
  })

  test('is for the page itself, by POST', async () => {
    const server = await start()
    const cookie = await signIn(server)
    expect((await signOut(server, cookie, 'http://evil.example')).status).toBe(403)
    expect((await send(server, '/sign-out', { cookie })).status).toBe(405)
    expect((await send(server, '/sign-out', { origin: server.url }, 'POST')).status).toBe(401)
    expect((await send(server, '/', { cookie })).status).toBe(200)
  })
})

describe('time', () => {
  test('ends a session that nobody uses, with its WebSockets', async () => {
    const server = await start()
    const cookie = await signIn(server)
    const { closed } = await openSocket(server, cookie)
    await clock.advance(11 * hour)
    expect((await send(server, '/', { cookie })).status).toBe(200)
    await clock.advance(11 * hour)
    expect((await send(server, '/', { cookie })).status).toBe(200)
    await clock.advance(13 * hour)
    expect(await closed).toBe(4401)
    expect((await send(server, '/', { cookie })).status).toBe(401)
  })

  test('ends every session after a week, used or not', async () => {
    const server = await start()
    const cookie = await signIn(server)
    for (let hours = 0; hours < 7 * 24; hours += 6) {
      expect((await send(server, '/', { cookie })).status).toBe(200)
      await clock.advance(6 * hour)
    }
    expect((await send(server, '/', { cookie })).status).toBe(401)
  })

  test('ends tokens that were not used within a day', async () => {
    const server = await start()
    const path = `/${new URL(server.signInUrl()).search}`
    await clock.advance(25 * hour)
    expect((await send(server, path)).status).toBe(401)
  })
})

test('two apps on one host do not sign each other out: each port has a cookie name of its own', async () => {
  const [one, two] = [await start(), await start()]
  const cookies = [await signIn(one), await signIn(two)]
  expect(cookies[0]?.split('=')[0]).toBe(`slipway-${new URL(one.url).port}`)
  expect(cookies[1]?.split('=')[0]).toBe(`slipway-${new URL(two.url).port}`)
  // A browser sends all cookies of 127.0.0.1 to both.
  for (const server of [one, two]) expect((await send(server, '/', { cookie: cookies.join('; ') })).status).toBe(200)
})

test('a session’s secret is compared whole: any change of length or byte is another secret', async () => {
  const server = await start()
  const cookie = await signIn(server)
  for (const changed of [
    cookie.slice(0, -1),
    `${cookie}a`,
    `${cookie}\xe9`,
    cookie.replace(/.$/, '\xe9'),
    `${cookie.split('=')[0] ?? ''}=`,
  ])
    expect((await send(server, '/', { cookie: changed })).status).toBe(401)
})
