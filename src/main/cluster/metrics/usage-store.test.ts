import { describe, expect, it } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { OwnerReference, Stored } from '#shared/kube/object.ts'
import type { ContainerStats, PodStats, StatsSummary } from '#shared/kube/stats-summary.ts'
import { cellMs, cellOf } from './series-table.ts'
import { UsageStore, type Subject } from './usage-store.ts'

const begin = Date.parse('2026-01-01T00:00:00Z')
const text = (ms: number): string => new Date(ms).toISOString()

const owner = (kind: string, name: string): OwnerReference => ({
  apiVersion: 'v1',
  kind,
  name,
  uid: name,
  controller: true,
})

function pod(name: string, { uid = name, node = 'w1', containers = ['main'] } = {}): Stored<Pod> {
  return {
    metadata: { name, namespace: 'shop', uid, resourceVersion: '1', ownerReferences: [owner('ReplicaSet', 'web-1')] },
    spec: { nodeName: node, containers: containers.map((each) => ({ name: each })) },
  }
}

/** A container that uses `cores` since the beginning. */
const container = (name: string, at: number, cores: number, memory = 1_024): ContainerStats => ({
  name,
  startTime: text(begin - 3_600_000),
  cpu: { time: text(at), usageCoreNanoSeconds: cores * (at - begin) * 1e6 },
  memory: { time: text(at), workingSetBytes: memory },
})
const podStats = (name: string, containers: ContainerStats[], uid = name): PodStats => ({
  podRef: { name, namespace: 'shop', uid },
  startTime: text(begin),
  containers,
})
const summary = (at: number, ...pods: PodStats[]): StatsSummary => ({
  node: {
    nodeName: 'w1',
    startTime: text(begin - 3_600_000),
    cpu: { time: text(at), usageCoreNanoSeconds: 2 * (at - begin) * 1e6 },
    memory: { time: text(at), workingSetBytes: 4_096 },
    network: { time: text(at), name: 'eth0', rxBytes: at - begin, txBytes: 2 * (at - begin) },
    fs: { time: text(at), usedBytes: 777 },
  },
  pods,
})

const pods = new Map([
  ['shop/a', pod('a')],
  ['shop/b', pod('b', { containers: ['main', 'side'] })],
  ['shop/elsewhere', pod('elsewhere', { node: 'w2' })],
])

const gap = Number.NaN

/** Records two answers ten seconds apart; the second one's time is `later`. */
const later = begin + 12_345 + cellMs
function recorded(answer: (at: number) => StatsSummary): UsageStore {
  const store = new UsageStore()
  for (const at of [later - cellMs, later]) record(store, answer(at), at)
  return store
}
const record = (store: UsageStore, answer: StatsSummary, at: number): void =>
  store.record('w1', answer, {
    at,
    cell: cellOf(at),
    podOf: (key) => pods.get(key),
    controllerOf: ({ kind }) => (kind === 'ReplicaSet' ? owner('Deployment', 'web') : undefined),
  })
const valuesOf = (store: UsageStore, subject: Subject): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(store.read(subject, cellOf(later) - 1, cellOf(later)) ?? {}).map(([measure, values]) => [
      measure,
      [...values],
    ]),
  )

describe('the newest rates', () => {
  it('exist from the second answer on, until the node has not answered for a while', () => {
    const store = new UsageStore()
    record(store, summary(later), later)
    expect(store.node('w1', later)).toBeUndefined()
    record(store, summary(later + cellMs), later + cellMs)
    expect(store.node('w1', later + cellMs)).toEqual({
      at: later + cellMs,
      windowMs: cellMs,
      cpuNanocores: 2e9,
      memoryBytes: 4_096,
    })
    expect(store.node('w1', later + cellMs + 30_000)).toBeUndefined()
  })

  it('of a pod cover every container that runs', () => {
    const store = recorded((at) => summary(at, podStats('b', [container('main', at, 1), container('side', at, 0.5)])))
    expect(store.pod('shop/b', 'b', later)).toMatchObject({
      at: later,
      windowMs: cellMs,
      containers: [
        { name: 'main', cpuNanocores: 1e9, memoryBytes: 1_024 },
        { name: 'side', cpuNanocores: 5e8 },
      ],
    })
    const half = recorded((at) =>
      summary(at, podStats('b', [container('main', at, 1), ...(at === later ? [container('side', at, 1)] : [])])),
    )
    expect(half.pod('shop/b', 'b', later)).toBeUndefined()
  })

  it('do not suffer from times in whole seconds', () => {
    const whole = (at: number): StatsSummary => {
      const answer = summary(at)
      if (answer.node.cpu) answer.node.cpu.time = text(at - (at % 1_000))
      return answer
    }
    const store = new UsageStore()
    record(store, whole(begin + 10_900), begin + 10_900)
    record(store, whole(begin + 21_100), begin + 21_100)
    expect(store.node('w1', begin + 21_100)).toMatchObject({ windowMs: 10_200, cpuNanocores: 2e9 })
  })
})

describe('a worker cannot report', () => {
  it.each([
    ['a pod of another node', podStats('elsewhere', [container('main', later, 1)])],
    ['a pod of another uid', podStats('a', [container('main', later, 1)], 'other')],
    ['a pod that does not exist', podStats('nothing', [container('main', later, 1)])],
    ['a container that the pod does not have', podStats('a', [container('evil', later, 1)])],
  ])('%s', (_, stats) => {
    const store = recorded((at) => summary(at, stats))
    const { name, uid } = stats.podRef
    expect(store.pod(`shop/${name}`, uid, later)).toBeUndefined()
    expect(valuesOf(store, { kind: 'Pod', namespace: 'shop', name })).not.toHaveProperty('cpu')
    expect(valuesOf(store, { kind: 'Container', namespace: 'shop', pod: name, name: 'evil' })).toEqual({})
    expect(valuesOf(store, { kind: 'Namespace', name: 'shop' })).toEqual({})
  })
})

describe('history', () => {
  const store = recorded((at) =>
    summary(
      at,
      podStats('a', [container('main', at, 0.25, 100)]),
      podStats('b', [container('main', at, 1, 200), container('side', at, 0.5, 300)]),
    ),
  )
  it.each<[string, Subject, number[], number[]]>([
    ['a node', { kind: 'Node', name: 'w1' }, [gap, 2], [4_096, 4_096]],
    ['the cluster', { kind: 'Cluster' }, [gap, 2], [4_096, 4_096]],
    ['a container', { kind: 'Container', namespace: 'shop', pod: 'b', name: 'side' }, [gap, 0.5], [300, 300]],
    ['a pod', { kind: 'Pod', namespace: 'shop', name: 'b' }, [gap, 1.5], [500, 500]],
    ['a namespace', { kind: 'Namespace', name: 'shop' }, [gap, 1.75], [600, 600]],
    ['a ReplicaSet', { kind: 'ReplicaSet', namespace: 'shop', name: 'web-1' }, [gap, 1.75], [600, 600]],
    ['its Deployment', { kind: 'Deployment', namespace: 'shop', name: 'web' }, [gap, 1.75], [600, 600]],
  ])('of %s has CPU and memory', (_, subject, cpu, memory) => {
    expect(valuesOf(store, subject)).toMatchObject({ cpu, memory })
  })

  it('of a node has traffic and the filesystem', () => {
    expect(valuesOf(store, { kind: 'Node', name: 'w1' })).toMatchObject({
      received: [gap, 1_000],
      sent: [gap, 2_000],
      filesystem: [777, 777],
    })
  })

  it('of pods, containers and their sums has the disk that they fill', () => {
    const used = (bytes: number) => ({ time: text(later), usedBytes: bytes })
    const disks = recorded((at) =>
      summary(at, {
        ...podStats('a', [{ ...container('main', at, 1), rootfs: used(100), logs: used(20) }]),
        'ephemeral-storage': used(150),
      }),
    )
    const subjects: Subject[] = [
      { kind: 'Container', namespace: 'shop', pod: 'a', name: 'main' },
      { kind: 'Pod', namespace: 'shop', name: 'a' },
      { kind: 'Deployment', namespace: 'shop', name: 'web' },
    ]
    expect(subjects.map((subject) => valuesOf(disks, subject)['filesystem'])).toEqual([
      [120, 120],
      [150, 150],
      [150, 150],
    ])
  })

  it('of sums keeps what pods have used that are gone; their own series end', () => {
    const size = store.table.size
    store.forgetPod('shop/b')
    expect(store.read({ kind: 'Pod', namespace: 'shop', name: 'b' }, 0, 1)).toBeUndefined()
    expect(valuesOf(store, { kind: 'Namespace', name: 'shop' })).toMatchObject({ memory: [600, 600] })
    expect(store.table.size).toBe(size - 4)
    store.sweep(cellOf(later) + 359)
    expect(valuesOf(store, { kind: 'Namespace', name: 'shop' })).toHaveProperty('memory')
    store.sweep(cellOf(later) + 360)
    expect(valuesOf(store, { kind: 'Namespace', name: 'shop' })).toEqual({})
  })
})

it('a pod that replaces another of its name begins anew', () => {
  const store = recorded((at) => summary(at, podStats('a', [container('main', at, 1)])))
  pods.set('shop/a', pod('a', { uid: 'next' }))
  record(store, summary(later + cellMs, podStats('a', [container('main', later + cellMs, 1)], 'next')), later + cellMs)
  pods.set('shop/a', pod('a'))
  expect(store.pod('shop/a', 'a', later + cellMs)).toBeUndefined()
  expect(valuesOf(store, { kind: 'Pod', namespace: 'shop', name: 'a' })).toEqual({ memory: [gap, gap] })
})

it('an answer in the same cell counts once', () => {
  const store = recorded((at) => summary(at, podStats('a', [container('main', at, 1, 100)])))
  record(store, summary(later + 1, podStats('a', [container('main', later + 1, 1, 100)])), later + 1)
  expect(valuesOf(store, { kind: 'Namespace', name: 'shop' })).toMatchObject({ memory: [100, 100] })
})
