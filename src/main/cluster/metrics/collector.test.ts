import { beforeEach, describe, expect, it } from 'vitest'
import { silentLog, type Log } from '#shared/base/log.ts'
import type { ChangeHandler, Informer } from '#shared/client/informer.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { startCollector } from './collector.ts'
import { createHistory } from './history.ts'
import type { StatsSource } from './stats-source.ts'
import { UsageStore } from './usage-store.ts'

interface Listed<T extends KubeObject> {
  put(object: Stored<T>): void
  remove(name: string): void
  informer: Informer<T>
}
function listed<T extends KubeObject>(): Listed<T> {
  const objects = new Map<string, Stored<T>>()
  const handlers: ChangeHandler<T>[] = []
  return {
    put(object) {
      objects.set(object.metadata.name, object)
      for (const handler of handlers) handler.added?.(object)
    },
    remove(name) {
      const object = objects.get(name)
      objects.delete(name)
      if (object) for (const handler of handlers) handler.deleted?.(object)
    },
    informer: {
      get: (key: string) => objects.get(key),
      onChange(handler: ChangeHandler<T>) {
        handlers.push(handler)
        for (const object of objects.values()) handler.added?.(object)
        return () => undefined
      },
    } as unknown as Informer<T>,
  }
}
const node = (name: string, ready = true): Stored<Node> => ({
  metadata: { name, uid: name, resourceVersion: '1' },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

let clock: FakeClock
let store: UsageStore
let nodes: Listed<Node>
let asked: { node: string; at: number }[]
let complaints: string[]
const log: Log = { ...silentLog, warn: (message) => void complaints.push(message) }

beforeEach(() => {
  clock = createFakeClock()
  store = new UsageStore()
  nodes = listed<Node>()
  asked = []
  complaints = []
})

const start = (answer: StatsSource['summary']) =>
  startCollector({
    source: {
      summary(name, signal) {
        asked.push({ node: name, at: clock.now() })
        return answer(name, signal)
      },
    },
    store,
    nodes: nodes.informer,
    pods: listed<Pod>().informer,
    controllerOf: () => undefined,
    clock,
    log,
  })
const usage = async (name: string) => {
  const time = new Date(clock.now()).toISOString()
  const startTime = '2025-01-01T00:00:00.000Z'
  const cpu = { time, usageCoreNanoSeconds: clock.now() * 1e6 }
  return { node: { nodeName: name, startTime, cpu, memory: { time, workingSetBytes: 8 } }, pods: [] }
}

describe('the collector', () => {
  it('asks each ready node every ten seconds, spread over them', async () => {
    for (let i = 0; i < 80; i++) nodes.put(node(`n${i}`))
    nodes.put(node('sick', false))
    const stop = start(usage)
    await clock.advance(19_999)
    expect(asked).toHaveLength(160)
    const byTime = Map.groupBy(asked, ({ at }) => at)
    expect(Math.max(...[...byTime.values()].map((list) => list.length))).toBe(2)
    const times = asked.filter((one) => one.node === 'n5').map(({ at }) => at)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(10_000)
    expect(asked.some((one) => one.node === 'sick')).toBe(false)
    expect(store.node('n5', clock.now())).toMatchObject({ cpuNanocores: 1e9, windowMs: 10_000 })
    await stop()
    const before = asked.length
    await clock.advance(20_000)
    expect(asked).toHaveLength(before)
  })

  it('gives up on a slow node, and is not held up by it', async () => {
    nodes.put(node('slow'))
    nodes.put(node('fine'))
    let aborted = 0
    const stop = start((name, signal) => {
      if (name === 'fine') return usage(name)
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted++
          reject(signal.reason as Error)
        }),
      )
    })
    await clock.advance(40_000)
    expect(asked.filter((one) => one.node === 'slow').length).toBeGreaterThanOrEqual(3)
    expect(store.node('fine', clock.now())).toBeDefined()
    expect(complaints).toEqual(['a node does not tell its usage'])
    await stop()
    expect(aborted).toBe(asked.filter((one) => one.node === 'slow').length)
  })

  it('forgets a node that goes, also when its answer comes afterwards', async () => {
    nodes.put(node('n'))
    const stop = start(usage)
    await clock.advance(20_000)
    expect(store.table.size).toBeGreaterThan(0)
    nodes.remove('n')
    await clock.advance(20_000)
    expect(store.read({ kind: 'Node', name: 'n' }, 0, 1)).toBeUndefined()
    await stop()
  })

  it('survives whatever a source throws', async () => {
    nodes.put(node('n'))
    const stop = start(() => Promise.reject(new Error('broken')))
    await clock.advance(60_000)
    expect(asked.length).toBeGreaterThanOrEqual(5)
    expect(complaints).toHaveLength(1)
    await stop()
  })

  it('makes up for at most one round after a sleep', async () => {
    nodes.put(node('n'))
    const stop = start(usage)
    await clock.advance(10_000)
    const before = asked.length
    await clock.sleep(3_600_000)
    expect(asked.length - before).toBeLessThanOrEqual(1)
    await stop()
  })
})

describe('history', () => {
  it('announces each step once all its points are there', async () => {
    for (let i = 0; i < 40; i++) nodes.put(node(`n${i}`))
    const stop = start(usage)
    const history = createHistory({ store, clock })
    const steps: (number | undefined)[] = []
    const stopSteps = history.onStep(() =>
      steps.push(history.read({ kind: 'Cluster' }, clock.now() - 20_000).values.memory?.at(-1)),
    )
    await clock.advance(41_500)
    expect(steps).toEqual([Number.NaN, 320, 320, 320, 320])
    const {
      start: begin,
      length,
      values,
    } = history.read(
      [
        { kind: 'Node', name: 'n1' },
        { kind: 'Node', name: 'n2' },
      ],
      0,
    )
    expect({ length, end: begin + length * 10_000 }).toEqual({ length: 360, end: Math.floor(clock.now() / 1e4) * 1e4 })
    expect(values.memory?.slice(-2)).toEqual(new Float32Array([16, 16]))
    expect(history.read({ kind: 'Cluster' }, clock.now())).toMatchObject({ length: 0 })
    await stopSteps()
    await stop()
    expect(clock.pending).toBe(0)
  })
})
