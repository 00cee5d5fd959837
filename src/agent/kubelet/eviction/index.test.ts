import { beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { Node, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import type { EvictionSettings, EvictionSignal } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { createEviction, pressureRefusal, type Eviction } from './index.ts'
import type { Observation } from './signals.ts'

const settings: EvictionSettings = {
  thresholds: [
    { signal: 'memory.available', value: { quantity: '100' }, graceMs: 0 },
    { signal: 'nodefs.available', value: { quantity: '100' }, graceMs: 0 },
    { signal: 'pid.available', value: { quantity: '100' }, graceMs: 10_000 },
  ],
  transitionMs: 30_000,
  maxPodGraceSeconds: 20,
}
const podOf = (name: string, spec: Partial<PodSpec> = {}): Stored<Pod> => ({
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '1' },
  spec: { containers: [{ name: 'c' }], ...spec },
})
const node: Stored<Node> = { metadata: { name: 'w', uid: 'w', resourceVersion: '1' } }

let clock: FakeClock
let available: Partial<Record<EvictionSignal, number>>
let pods: Stored<Pod>[]
let running: Set<string>
let said: string[]
let reclaimed: () => void
let eviction: Eviction
beforeEach(() => {
  clock = createFakeClock()
  available = { 'memory.available': 500, 'nodefs.available': 500, 'pid.available': 500 }
  pods = [podOf('a'), podOf('b', { priority: 7 })]
  running = new Set(['a', 'b'])
  said = []
  reclaimed = () => undefined
  eviction = createEviction({
    settings,
    signals: {
      read: async () =>
        new Map(
          Object.entries(available).map(([signal, left]): [EvictionSignal, Observation] => [
            signal as EvictionSignal,
            { available: left, capacity: 1_000 },
          ]),
        ),
    },
    node: () => node,
    candidates: async () => pods.filter(({ metadata }) => running.has(metadata.uid)).map((pod) => ({ pod })),
    async reclaimDisk() {
      said.push('reclaimed')
      reclaimed()
    },
    evict: ({ metadata }, _notice, grace) => void said.push(`evicted ${metadata.name}, ${grace} s`),
    isRunning: (uid) => running.has(uid),
    onChange: () => void said.push(`pressures: ${eviction.pressures().join()}`),
    recorder: { event: (_about, _type, reason, message) => void said.push(`${reason}: ${message}`) },
    clock,
    log: silentLog,
  })
})
const start = async (): Promise<void> => {
  eviction.start()
  await clock.advance(0)
}

test('one pod after the other is evicted, each once the one before has ended', async () => {
  available['memory.available'] = 50
  await start()
  const met = 'EvictionThresholdMet: Attempting to reclaim memory'
  expect(said).toEqual(['pressures: MemoryPressure', met, 'evicted a, 1 s'])
  await clock.advance(20_000)
  expect(said).toHaveLength(3)
  running.delete('a')
  await clock.advance(1_000)
  expect(said.slice(3)).toEqual([met, 'evicted b, 1 s'])
  available['memory.available'] = 500
  running.delete('b')
  await clock.advance(60_000)
  expect(said.slice(5)).toEqual(['pressures: '])
})

test('no pod is evicted when images and containers that nobody uses were enough', async () => {
  available['nodefs.available'] = 50
  reclaimed = () => (available['nodefs.available'] = 500)
  await start()
  expect(said).toEqual([
    'pressures: DiskPressure',
    'EvictionThresholdMet: Attempting to reclaim ephemeral-storage',
    'reclaimed',
  ])
})

test('a soft threshold leaves pods the time to end that the node allows at most', async () => {
  available['pid.available'] = 50
  pods = [podOf('a', { terminationGracePeriodSeconds: 60 })]
  await start()
  expect(said).toEqual(['pressures: PIDPressure'])
  await clock.advance(10_000)
  expect(said.slice(1)).toEqual(['EvictionThresholdMet: Attempting to reclaim pids', 'evicted a, 20 s'])
})

test('pods that the node depends on stay', async () => {
  available['memory.available'] = 50
  const critical = podOf('b', { priority: 2_000_000_000 })
  const fromFile = podOf('a')
  fromFile.metadata.annotations = { 'kubernetes.io/config.source': 'file' }
  pods = [fromFile, critical]
  await start()
  await clock.advance(30_000)
  expect(said.some((line) => line.startsWith('evicted'))).toBe(false)
})

describe('a node under pressure', () => {
  const requesting = podOf('p', { containers: [{ name: 'c', resources: { requests: { memory: '1Mi' } } }] })
  const tolerating = podOf('p', {
    tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }],
  })
  test('takes only critical pods, or of memory alone those that requested something or tolerate it', () => {
    const message = 'The node had condition: [MemoryPressure]. '
    expect(pressureRefusal(podOf('p'), ['MemoryPressure'])).toEqual({ reason: 'Evicted', message })
    expect(pressureRefusal(requesting, ['MemoryPressure'])).toBeUndefined()
    expect(pressureRefusal(tolerating, ['MemoryPressure'])).toBeUndefined()
    expect(pressureRefusal(tolerating, ['MemoryPressure', 'DiskPressure'])?.message).toBe(
      'The node had condition: [MemoryPressure DiskPressure]. ',
    )
    expect(pressureRefusal(requesting, ['DiskPressure'])?.reason).toBe('Evicted')
    expect(pressureRefusal(podOf('p', { priority: 2_000_001_000 }), ['DiskPressure'])).toBeUndefined()
    expect(pressureRefusal(podOf('p'), [])).toBeUndefined()
  })
})
