import { beforeEach, describe, expect, it } from 'vitest'
import type { UsageSubject } from '#shared/contract/metrics.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { polledUsage } from './polled-usage.ts'

let clock: FakeClock
let asked: string[]
let answers: Record<string, unknown>
beforeEach(() => {
  clock = createFakeClock()
  asked = []
  answers = {}
})

const get = (path: string): Promise<{ status: number; body: string }> => {
  asked.push(path)
  const answer = answers[path]
  return Promise.resolve(
    answer === undefined
      ? { status: 404, body: '404 page not found' }
      : { status: (answer as { code?: number }).code ?? 200, body: JSON.stringify(answer) },
  )
}
const start = () => polledUsage({ get, clock })
const base = '/apis/metrics.k8s.io/v1beta1'
const pod = (...usage: [string, string, string][]) => ({
  containers: usage.map(([name, cpu, memory]) => ({ name, usage: { cpu, memory } })),
})

describe('usage of a cluster elsewhere', () => {
  it.each<[UsageSubject, string, Record<string, unknown>, number, number]>([
    [
      { kind: 'Cluster' },
      `${base}/nodes`,
      { items: [{ usage: { cpu: '1500m', memory: '1Ki' } }, { usage: { cpu: '500000000n', memory: '1Ki' } }] },
      2,
      2048,
    ],
    [{ kind: 'Node', name: 'n' }, `${base}/nodes/n`, { usage: { cpu: '1', memory: '5' } }, 1, 5],
    [
      { kind: 'Pod', namespace: 'a', name: 'p' },
      `${base}/namespaces/a/pods/p`,
      pod(['c', '1', '5'], ['d', '2', '6']),
      3,
      11,
    ],
    [
      { kind: 'Container', namespace: 'a', pod: 'p', name: 'd' },
      `${base}/namespaces/a/pods/p`,
      pod(['c', '1', '5'], ['d', '2', '6']),
      2,
      6,
    ],
    [
      { kind: 'Namespace', name: 'a' },
      `${base}/namespaces/a/pods`,
      { items: [pod(['c', '1', '5']), pod(['c', '2', '6'])] },
      3,
      11,
    ],
    [
      { kind: 'Pods', labelSelector: 'app=web' },
      `${base}/pods?labelSelector=app%3Dweb`,
      { items: [pod(['c', '1', '5'])] },
      1,
      5,
    ],
  ])('%j', async (subject, path, answer, cpu, memory) => {
    answers[path] = answer
    const usage = start()
    expect(await usage.read(subject, 0)).toMatchObject({ stepMs: 10_000, length: 1, cpu: [cpu], memory: [memory] })
    await usage.stop()
    expect(clock.pending).toBe(0)
  })

  it('of a workload is that of the pods that it selects', async () => {
    answers['/apis/apps/v1/namespaces/a/deployments/web'] = { spec: { selector: { matchLabels: { app: 'web' } } } }
    answers[`${base}/namespaces/a/pods?labelSelector=app%3Dweb`] = { items: [pod(['c', '1', '5'])] }
    const usage = start()
    expect(await usage.read({ kind: 'Deployment', namespace: 'a', name: 'web' }, 0)).toMatchObject({ cpu: [1] })
    expect(await usage.read({ kind: 'CronJob', namespace: 'a', name: 'c' }, 0)).toEqual({
      unavailable: 'the pods of a CronJob cannot be told from others',
    })
    await usage.stop()
  })

  it('is polled while someone looks, and a minute longer', async () => {
    answers[`${base}/nodes`] = { items: [{ usage: { cpu: '1', memory: '5' } }] }
    const usage = start()
    let steps = 0
    const stop = usage.watch({ kind: 'Cluster' }, () => steps++)
    await clock.advance(300_000)
    expect(steps).toBe(31)
    expect(await usage.read({ kind: 'Cluster' }, clock.now() - 20_000)).toMatchObject({ length: 3, cpu: [1, 1, 1] })
    await stop()
    await clock.advance(120_000)
    const before = asked.length
    await clock.advance(120_000)
    expect(asked.length).toBe(before)
    expect(clock.pending).toBe(0)
  })

  it('says why there is none, and recovers', async () => {
    const usage = start()
    const stop = usage.watch({ kind: 'Cluster' }, () => undefined)
    expect(await usage.read({ kind: 'Cluster' }, 0)).toEqual({
      unavailable: 'this cluster has no Metrics API: install metrics-server to see usage',
    })
    answers[`${base}/nodes`] = { code: 503, message: 'service unavailable' }
    await clock.advance(10_000)
    expect(await usage.read({ kind: 'Cluster' }, 0)).toEqual({
      unavailable: 'the Metrics API of this cluster does not answer: is metrics-server running?',
    })
    answers[`${base}/nodes`] = { code: 403, message: 'nodes.metrics.k8s.io is forbidden' }
    await clock.advance(10_000)
    expect(await usage.read({ kind: 'Cluster' }, 0)).toEqual({ unavailable: 'nodes.metrics.k8s.io is forbidden' })
    answers[`${base}/nodes`] = { items: [] }
    await clock.advance(10_000)
    expect(await usage.read({ kind: 'Cluster' }, 0)).toMatchObject({ cpu: [0] })
    await stop()
    await usage.stop()
  })

  it('of the rows of a table comes from one list', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `p${at}`)
    answers[`${base}/namespaces/a/pods`] = {
      items: names.map((name) => ({ metadata: { name }, ...pod(['c', '1', '5']) })),
    }
    for (const name of names) answers[`${base}/namespaces/a/pods/${name}`] = pod(['c', '1', '5'])
    const usage = start()
    const read = (name: string) => usage.read({ kind: 'Pod', namespace: 'a', name }, 0)
    for (const answer of await Promise.all(names.map(read))) expect(answer).toMatchObject({ cpu: [1], memory: [5] })
    expect(asked.filter((path) => path.endsWith('/pods'))).toHaveLength(1)
    expect(asked.length).toBeLessThan(10)
    expect(await read('gone')).toHaveProperty('unavailable')
    await usage.stop()
  })

  it('survives answers that are no metrics', async () => {
    answers[`${base}/nodes`] = { items: [{ usage: { cpu: 'lots', memory: '5' } }] }
    const usage = start()
    expect(await usage.read({ kind: 'Cluster' }, 0)).toHaveProperty('unavailable')
    await usage.stop()
  })
})
