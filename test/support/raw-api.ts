import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { Slipway } from './slipway.ts'

/** A cluster's API over plain HTTPS requests as its administrator: what a test of status codes and headers needs. */
export interface RawApi {
  send(method: string, path: string, body?: unknown): Promise<RawAnswer>
  /** Names of the ConfigMaps in `default` that a test has made (`data.test` is set). */
  configMaps(): Promise<Set<string>>
  createConfigMap(name: string, value: string): Promise<RawAnswer>
  close(): void
}

export interface RawAnswer {
  code: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

export function rawApi(slipway: Slipway, { sockets = 16 } = {}): RawApi {
  const { name, server } = slipway.ready
  const token = readFileSync(join(slipway.data, 'clusters', name, 'pki/admin.token'), 'utf8')
  const agent = new Agent({ keepAlive: true, maxSockets: sockets, rejectUnauthorized: false })
  const send: RawApi['send'] = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const outgoing = request(`${server}${path}`, { agent, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
        response.on('error', reject)
      })
      outgoing.on('error', reject)
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const path = '/api/v1/namespaces/default/configmaps'
  return {
    send,
    createConfigMap: (configMap, value) =>
      send('POST', path, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: configMap },
        data: { test: 'yes', value },
      }),
    async configMaps() {
      const { body } = await send('GET', path)
      const { items } = JSON.parse(body) as { items: { metadata: { name: string }; data?: { test?: string } }[] }
      return new Set(items.filter(({ data }) => data?.test).map(({ metadata }) => metadata.name))
    },
    close: () => agent.destroy(),
  }
}

/** Polls until `condition` holds. @throws Error with `what` after `timeoutMs` */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The end of every fault test: nothing acknowledged is lost, nothing refused has come back, and all nodes are Ready. */
export async function nothingLost(
  api: RawApi,
  { acknowledged, refused = [] }: { acknowledged: Iterable<string>; refused?: Iterable<string> },
): Promise<void> {
  const present = await api.configMaps()
  const lost = [...acknowledged].filter((name) => !present.has(name))
  if (lost.length > 0) throw new Error(`${lost.length} acknowledged writes are lost: ${lost.slice(0, 5).join(' ')}`)
  const back = [...refused].filter((name) => present.has(name))
  if (back.length > 0) throw new Error(`${back.length} refused writes were stored: ${back.slice(0, 5).join(' ')}`)
  await eventually('/readyz is ok and all nodes are Ready', async () => {
    const { body } = await api.send('GET', '/api/v1/nodes')
    const { items } = JSON.parse(body) as { items: { status: { conditions: { type: string; status: string }[] } }[] }
    const ready = items.every(({ status }) => status.conditions.some((c) => c.type === 'Ready' && c.status === 'True'))
    return ready && items.length > 0 && (await api.send('GET', '/readyz')).code === 200
  })
}
