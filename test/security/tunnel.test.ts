import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pki } from '#main/cluster/apiserver/auth/pki.ts'
import { createTunnels } from '#main/cluster/network/tunnel.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { freePort, startTunnel, type TestTunnel } from '#test/support/tunnel.ts'

interface Credentials {
  cert: string
  key: string
}

let tunnel: TestTunnel
beforeAll(async () => {
  tunnel = await startTunnel()
})
afterAll(() => tunnel.stop())

/** What the cluster's authority signs for whoever has a request for it approved. */
async function approvedRequest(pki: Pki, name: string, usages: string[], hosts: string[] = []): Promise<Credentials> {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-csr-'))
  try {
    const key = join(dir, 'key.pem')
    const names = hosts.length > 0 ? ['-addext', `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`] : []
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
    const request = execFileSync('openssl', ['req', '-new', ...ec, '-subj', `/CN=${name}`, ...names], { stdio: 'pipe' })
    const cert = await pki.requests.sign(request.toString(), {
      usages,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
    })
    return { cert, key: readFileSync(key, 'utf8') }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Whether the worker's port speaks HTTP/2 with the holder of these credentials. */
async function workerAccepts(credentials: Partial<Credentials>, protocol = 'h2'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: tunnel.port,
      ...credentials,
      rejectUnauthorized: false,
      ALPNProtocols: [protocol],
    })
    socket.once('secureConnect', () => {
      if (protocol === 'h2') socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0')
    })
    socket.once('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}

describe('the worker lets in the host alone', () => {
  test('the host is let in', async () => {
    expect(await workerAccepts(tunnel.pki.tunnel.host)).toBe(true)
  })

  test('an approved client certificate with the name of the host is refused', async () => {
    const impostor = await approvedRequest(tunnel.pki, 'slipway-host', ['client auth', 'digital signature'])
    expect(await workerAccepts(impostor)).toBe(false)
    expect(await workerAccepts(impostor, 'slipway-reverse')).toBe(false)
  })

  test.each<[string, (pki: Pki) => Promise<Partial<Credentials>>]>([
    ['the administrator', async (pki) => pki.admin],
    ['the API server', async (pki) => pki.apiServer],
    ['the front proxy', async (pki) => pki.frontProxy.client],
    ['a node as a client', async (pki) => (await pki.issueNode('worker-1')).client],
    ['a node with the certificate that it serves with', async (pki) => (await pki.issueNode('worker-2')).server],
    ['nobody', async () => ({})],
  ])('%s is refused', async (_, credentials) => {
    expect(await workerAccepts(await credentials(tunnel.pki))).toBe(false)
  })
})

describe('the host talks to the worker alone', () => {
  /** Whether the host takes a server with these credentials for `worker-9`. */
  async function hostAccepts(serving: Credentials): Promise<boolean> {
    const port = await freePort()
    let isAccepted = false
    const server = createServer({ ...serving, ALPNProtocols: ['h2', 'slipway-reverse'] }, (socket) => {
      socket.on('error', () => undefined)
      // The host speaks first once it trusts the server.
      socket.once('data', () => (isAccepted = true))
    })
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
    const { pki } = tunnel
    const host = createTunnels({
      tls: { ca: pki.tunnel.ca, ...pki.tunnel.host },
      apiServerPort: () => 1,
      fetchImage: async () => undefined,
      clock: systemClock,
      log: silentLog,
    })
    host.open('worker-9', port)
    await host.up('worker-9', AbortSignal.timeout(700)).catch(() => undefined)
    await host.stop()
    server.close()
    return isAccepted
  }

  test('that worker is believed', async () => {
    expect(await hostAccepts((await tunnel.pki.issueNode('worker-9')).server)).toBe(true)
  })

  test('another worker is not', async () => {
    expect(await hostAccepts((await tunnel.pki.issueNode('worker-1')).server)).toBe(false)
  })

  test('a serving certificate of the cluster for its name is not', async () => {
    const impostor = await approvedRequest(tunnel.pki, 'system:node:worker-9', ['server auth'], ['worker-9'])
    expect(await hostAccepts(impostor)).toBe(false)
  })
})
