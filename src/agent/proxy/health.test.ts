import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { startProxyHealth, type ProxyHealth, type ProxyState } from './health.ts'

let health: ProxyHealth
let ports: number[]
let state: ProxyState

beforeEach(async () => {
  ports = await Promise.all([freePort(), freePort(), freePort()])
  state = { healthy: true, lastUpdated: 0, nodeEligible: true }
  const [healthzPort = 0, statusPort = 0] = ports
  health = startProxyHealth({
    healthzPort,
    statusPort,
    host: '127.0.0.1',
    state: () => state,
    now: () => 1,
    log: silentLog,
  })
})
afterEach(() => health.stop())

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
const get = async (
  port: number | undefined,
  path: string,
): Promise<{ code: number; body: string; weight: string | null }> => {
  const response = await fetch(`http://127.0.0.1:${port ?? 0}${path}`, { headers: { connection: 'close' } })
  const weight = response.headers.get('x-load-balancing-endpoint-weight')
  return { code: response.status, body: await response.text(), weight }
}

it('tells whether rules are in place, and whether the node takes new traffic', async () => {
  expect(await get(ports[0], '/healthz')).toMatchObject({ code: 200 })
  expect(JSON.parse((await get(ports[0], '/healthz')).body)).toEqual({
    lastUpdated: '1970-01-01 00:00:00.000 +0000 UTC',
    currentTime: '1970-01-01 00:00:00.001 +0000 UTC',
    nodeEligible: true,
  })
  state = { ...state, nodeEligible: false }
  expect(await get(ports[0], '/healthz')).toMatchObject({ code: 503 })
  expect(await get(ports[0], '/livez')).toMatchObject({ code: 200 })
  state = { ...state, healthy: false }
  expect(await get(ports[0], '/livez')).toMatchObject({ code: 503 })
})

it('tells the mode', async () => {
  expect(await get(ports[1], '/proxyMode')).toMatchObject({ code: 200, body: 'iptables' })
  expect(await get(ports[1], '/other')).toMatchObject({ code: 404 })
})

it('answers health checks of services by their ready endpoints on this node, while they ask for it', async () => {
  const port = ports[2] ?? 0
  const check = (localEndpoints: number): void =>
    health.serve(new Map([[port, { namespace: 'shop', name: 'web', localEndpoints }]]))
  check(2)
  await expect
    .poll(() => get(port, '/').catch(() => undefined))
    .toEqual({
      code: 200,
      weight: '2',
      body: '{"service":{"namespace":"shop","name":"web"},"localEndpoints":2,"serviceProxyHealthy":true}',
    })
  check(0)
  expect(await get(port, '/')).toMatchObject({ code: 503, weight: '0' })
  health.serve(new Map())
  await expect(get(port, '/')).rejects.toThrow()
})
