import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { prometheusUsage } from './prometheus-usage.ts'
import type { ContextUsage } from './usage.ts'

const base = '/api/v1/namespaces/monitoring/services/http:prom:9090/proxy/api/v1'
const service = { metadata: { name: 'prom', namespace: 'monitoring' }, spec: { ports: [{ name: 'web', port: 9090 }] } }
const fallback: ContextUsage = {
  read: () => Promise.resolve({ unavailable: 'from the Metrics API' }),
  watch: () => () => undefined,
}

let clock: FakeClock
let asked: string[]
/** What answers to a path that begins so; the first that fits. */
let answers: [start: string, (path: string) => unknown][]
beforeEach(() => {
  clock = createFakeClock()
  asked = []
  answers = []
})
const start = () =>
  prometheusUsage({
    clock,
    fallback,
    get(path) {
      asked.push(decodeURIComponent(path))
      const found = answers.find(([begin]) => path.startsWith(begin))
      const body = found?.[1](decodeURIComponent(path))
      return Promise.resolve(
        body === undefined ? { status: 404, body: '{}' } : { status: 200, body: JSON.stringify(body) },
      )
    },
  })
const result = (...result: object[]) => ({ status: 'success', data: { result } })
function withPrometheus(valueOf: (query: string, seconds: number) => number | undefined): void {
  answers = [
    ['/api/v1/services', () => ({ items: [service] })],
    [`${base}/query?`, () => result({ value: [0, '5'] })],
    [
      `${base}/query_range`,
      (path) => {
        const query = new URLSearchParams(path.slice(path.indexOf('?')).replaceAll('+', '%2B'))
        const first = Number(query.get('start'))
        const value = valueOf(query.get('query') ?? '', first)
        return value === undefined ? result() : result({ values: [[first, String(value)]] })
      },
    ],
  ]
}

describe('usage by the Prometheus of a cluster', () => {
  it('is an hour of it on a grid of ten seconds, through the proxy of Services', async () => {
    withPrometheus((query) => (query.includes('cpu') ? 0.5 : query.includes('working_set') ? 1_024 : undefined))
    const answer = await start().read({ kind: 'Deployment', namespace: 'shop', name: 'web' }, 0)
    expect(answer).toMatchObject({ stepMs: 10_000, length: 360 })
    if ('unavailable' in answer) throw new Error(answer.unavailable)
    expect([answer.cpu?.[0], answer.cpu?.[1], answer.memory?.[0], answer.received]).toEqual([
      0.5,
      null,
      1_024,
      undefined,
    ])
    expect(asked.some((path) => path.includes('namespace="shop",pod=~"web-[a-z0-9]{6,10}-[a-z0-9]{5}"'))).toBe(true)
  })

  it('tells only what is new, and looks for the Service once', async () => {
    withPrometheus(() => 1)
    const usage = start()
    const now = clock.now()
    expect(await usage.read({ kind: 'Cluster' }, now - 20_000)).toMatchObject({ cpu: [1, null, null] })
    expect(await usage.read({ kind: 'Cluster' }, now + 10_000)).toMatchObject({ length: 0 })
    expect(asked.filter((path) => path.startsWith('/api/v1/services'))).toHaveLength(1)
  })

  it('is that of the Metrics API where there is no Prometheus, or one that knows no containers', async () => {
    const told = { unavailable: 'from the Metrics API' }
    expect(await start().read({ kind: 'Cluster' }, 0)).toEqual(told)
    answers = [
      ['/api/v1/services', () => ({ items: [service] })],
      [`${base}/query?`, () => result()],
    ]
    expect(await start().read({ kind: 'Cluster' }, 0)).toEqual(told)
    withPrometheus(() => undefined)
    expect(await start().read({ kind: 'Pod', namespace: 'shop', name: 'web' }, 0)).toEqual(told)
  })

  it('of the rows of a table is that of the Metrics API', async () => {
    withPrometheus(() => 1)
    expect(await start().readRow?.({ kind: 'Pod', namespace: 'shop', name: 'web' }, 0)).toHaveProperty('unavailable')
    expect(asked).toEqual([])
  })

  it('wakes its readers at each step', async () => {
    let woken = 0
    withPrometheus(() => 1)
    const stop = start().watch({ kind: 'Cluster' }, () => woken++)
    await clock.advance(0)
    await clock.advance(20_000)
    expect(woken).toBe(2)
    await stop()
    await clock.advance(20_000)
    expect(woken).toBe(2)
  })
})
