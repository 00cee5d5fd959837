import { Agent, request } from 'node:https'

/** Keeps `parallel` requests under way on kept-alive connections, as a busy client does. */
export interface Load {
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<{ bytes: number; json(): unknown }>
  /** Calls `task` for 0 … count - 1. @returns operations a second and latency percentiles in ms */
  run(count: number, task: (index: number) => Promise<unknown>): Promise<{ rate: number; p50: number; p99: number }>
  /** Counts the events of a watch until stopped. */
  watch(path: string, onEvent: () => void): () => void
  stop(): void
}

export function createLoad({ server, token, parallel }: { server: string; token: string; parallel: number }): Load {
  const { hostname, port } = new URL(server)
  const agent = new Agent({ keepAlive: true, maxSockets: parallel + 8, rejectUnauthorized: false })
  const authorization = `Bearer ${token}`
  const send: Load['send'] = (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers: Record<string, string | number> = { authorization, accept: 'application/json' }
      if (text !== undefined)
        Object.assign(headers, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
      const outgoing = request({ agent, hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const whole = Buffer.concat(chunks)
          if ((response.statusCode ?? 500) >= 300)
            reject(new Error(`${method} ${path}: ${whole.toString().slice(0, 200)}`))
          else resolve({ bytes: whole.length, json: () => JSON.parse(whole.toString()) as unknown })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(text)
    })
  return {
    send,
    async run(count, task) {
      const latencies: number[] = []
      let next = 0
      const begun = performance.now()
      await Promise.all(
        Array.from({ length: Math.min(parallel, count) }, async () => {
          while (next < count) {
            const index = next++
            const start = performance.now()
            await task(index)
            latencies.push(performance.now() - start)
          }
        }),
      )
      const seconds = (performance.now() - begun) / 1_000
      latencies.sort((a, b) => a - b)
      const at = (share: number): number => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1))
      return { rate: Math.round(count / seconds), p50: at(0.5), p99: at(0.99) }
    },
    watch(path, onEvent) {
      const outgoing = request(
        { hostname, port, path, headers: { authorization }, rejectUnauthorized: false, agent: false },
        (response) =>
          response.on('data', (chunk: Buffer) => {
            for (const byte of chunk) if (byte === 10) onEvent()
          }),
      )
      outgoing.on('error', () => undefined)
      outgoing.end()
      return () => outgoing.destroy()
    },
    stop: () => agent.destroy(),
  }
}

export const untilTrue = async (
  check: () => Promise<boolean> | boolean,
  everyMs = 20,
  limitMs = 300_000,
): Promise<void> => {
  for (const end = performance.now() + limitMs; !(await check());) {
    if (performance.now() > end) throw new Error('it did not come true in time')
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** Makes a namespace that takes pods: its service account is there. */
export async function createNamespace(load: Load, name: string): Promise<void> {
  await load.send('POST', '/api/v1/namespaces', { metadata: { name } })
  await untilTrue(() =>
    load.send('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`).then(
      () => true,
      () => false,
    ),
  )
}
