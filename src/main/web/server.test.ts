import { mkdtemp, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { silentLog } from '#shared/base/log.ts'
import type { Router } from '#main/rpc/index.ts'
import { startWebServer, type WebServer } from './server.ts'

let dir: string
let server: WebServer

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-web-'))
  await mkdir(join(dir, 'face/assets'), { recursive: true })
  await writeFile(join(dir, 'face/index.html'), '<title>Slipway</title>')
  await writeFile(join(dir, 'face/assets/a.js'), '1')
  await writeFile(join(dir, 'secret.txt'), 'secret')
  server = await startWebServer({
    router: {} as Router,
    renderer: join(dir, 'face'),
    port: 0,
    controlSocket: join(dir, 'control.sock'),
    log: silentLog,
  })
})
afterAll(async () => {
  await server.stop()
  await rm(dir, { recursive: true })
})

function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const url = new URL(server.url)
  return new Promise((resolve, reject) => {
    request({ host: url.hostname, port: url.port, path, headers }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

async function session(): Promise<string> {
  const { headers } = await get(new URL(server.signInUrl()).search.replace(/^/, '/'))
  return (headers['set-cookie'] as string[])[0]!.split(';')[0]!
}

const upgrade = (headers: Record<string, string>): Promise<string> =>
  new Promise((resolve) => {
    const socket = new WebSocket(server.url.replace('http', 'ws') + '/rpc', { headers })
    socket.on('open', () => {
      socket.terminate()
      resolve('open')
    })
    socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
    socket.on('error', () => undefined)
  })

describe('the page', () => {
  test('is shown only to a session', async () => {
    expect((await get('/')).status).toBe(401)
    const page = await get('/', { cookie: await session() })
    expect(page.status).toBe(200)
    expect(page.body).toContain('Slipway')
  })

  test('a token opens one session, once', async () => {
    const path = '/' + new URL(server.signInUrl()).search
    expect((await get(path)).status).toBe(303)
    expect((await get(path)).status).toBe(401)
  })

  test('carries the content security policy', async () => {
    const policy = (await get('/', { cookie: await session() })).headers['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe-eval')
  })

  test.each(['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/%00.txt', '/..\\secret.txt'])(
    'refuses to leave its folder: %s',
    async (path) => {
      const answer = await get(path, { cookie: await session() })
      expect(answer.status).toBe(404)
      expect(answer.body).not.toContain('secret\n')
    },
  )

  test('any view is the page; a missing asset is not', async () => {
    const cookie = await session()
    expect((await get('/c/dev/pods', { cookie })).body).toContain('Slipway')
    expect((await get('/assets/gone.js', { cookie })).status).toBe(404)
  })

  test('a foreign Host header is refused', async () => {
    expect((await get('/', { host: 'slipway.evil:80', cookie: await session() })).status).toBe(421)
  })
})

describe('the contract', () => {
  test('opens for a session of this origin only', async () => {
    const cookie = await session()
    expect(await upgrade({ origin: server.url, cookie })).toBe('open')
    expect(await upgrade({ origin: 'http://evil.example', cookie })).toBe('403')
    expect(await upgrade({ cookie })).toBe('403')
    expect(await upgrade({ origin: server.url })).toBe('403')
  })

  test('its control socket is for the owner alone', async () => {
    expect((await stat(join(dir, 'control.sock'))).mode & 0o777).toBe(0o600)
  })
})
