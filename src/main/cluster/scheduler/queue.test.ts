import { describe, expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import type { Change } from './cluster-state.ts'
import type { Plugin } from './framework.ts'
import { podInfoOf } from './pod-info.ts'
import { SchedulingQueue } from './queue.ts'
import { pod } from './scheduler.fixture.ts'

const info = (name: string, priority = 0) => podInfoOf(pod(name, { priority }))
const helped: Plugin = { name: 'h', mayHelp: ({ type }) => type === 'volume' }
const volumes: Change = { type: 'volume', action: 'added', object: undefined as never }
const free = { held: false }

function setUp() {
  const clock = createFakeClock()
  let woken = 0
  const queue = new SchedulingQueue({ clock, onReady: () => woken++ })
  const take = (): string | undefined => queue.take()?.pod.pod.metadata.name
  const refuse = (name: string, plugins: Plugin[] = [helped]): void => {
    queue.put(info(name), free)
    const waiting = queue.take()
    if (waiting) queue.refuse(waiting, new Set(plugins))
  }
  return { clock, queue, take, refuse, woken: () => woken }
}

describe('the order of pods', () => {
  test('is by priority, then by age', () => {
    const { queue, take } = setUp()
    for (const [name, priority] of [
      ['a', 0],
      ['b', 10],
      ['c', 0],
      ['d', 10],
    ] as const)
      queue.put(info(name, priority), free)
    expect([take(), take(), take(), take(), take()]).toEqual(['b', 'd', 'a', 'c', undefined])
  })

  test('leaves out what was removed or is held back', () => {
    const { queue, take } = setUp()
    queue.put(info('a'), free)
    queue.put(info('gated'), { held: true })
    queue.put(info('b'), free)
    queue.remove('default/a')
    expect([take(), take()]).toEqual(['b', undefined])
    queue.put(info('gated'), free)
    expect(take()).toBe('gated')
  })

  test('a pod that is put twice is tried once', () => {
    const { queue, take } = setUp()
    queue.put(info('a'), free)
    queue.put(info('a'), free)
    expect([take(), take()]).toEqual(['a', undefined])
  })
})

describe('a pod that has preempted others', () => {
  test('is tried again when there is nothing else to do, or its room is free', () => {
    const { queue, take } = setUp()
    queue.put(info('preemptor', 10), free)
    queue.retrySoon(queue.take()!)
    queue.put(info('other'), free)
    expect(take()).toBe('other')
    queue.retrySoon(queue.take()!)
    queue.expedite('default/preemptor')
    queue.put(info('another'), free)
    expect([take(), take(), take()]).toEqual(['preemptor', 'another', undefined])
  })

  test('waits for nothing when its room became free during the attempt', () => {
    const { queue, take } = setUp()
    queue.put(info('preemptor', 10), free)
    const waiting = queue.take()!
    queue.expedite('default/preemptor')
    queue.retrySoon(waiting)
    queue.put(info('other'), free)
    expect([take(), take()]).toEqual(['preemptor', 'other'])
  })
})

describe('a refused pod', () => {
  test('waits for a change that may help it, and for its back-off', async () => {
    const { clock, queue, take, refuse } = setUp()
    refuse('a')
    queue.changed({ type: 'namespaces' })
    await clock.advance(60_000)
    expect(take()).toBeUndefined()
    queue.changed(volumes)
    expect(take()).toBe('a')
  })

  test('that is helped at once goes last, and the more important one of two first', () => {
    const { queue, take, refuse } = setUp()
    refuse('a')
    queue.put(info('important', 10), free)
    queue.refuse(queue.take()!, new Set([helped]))
    queue.changed(volumes)
    queue.put(info('new', -5), free)
    expect([take(), take(), take(), take()]).toEqual(['new', 'important', 'a', undefined])
  })

  test('does not ask plugins about changes that are none of their business', () => {
    const { queue, take, refuse } = setUp()
    refuse('a', [{ ...helped, interests: ['claim'], mayHelp: () => true }])
    queue.changed(volumes)
    expect(take()).toBeUndefined()
    queue.changed({ type: 'claim', action: 'added', object: undefined as never })
    expect(take()).toBe('a')
  })

  test('whose attempt failed sits out its back-off, which grows', async () => {
    const { clock, queue } = setUp()
    queue.put(info('a'), free)
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      queue.retryLater(queue.take()!)
      expect(queue.take()).toBeUndefined()
      await clock.advance(seconds * 1000 - 1)
      expect(queue.take()).toBeUndefined()
      await clock.advance(1)
      expect(queue.count()).toMatchObject({ active: 1, backoff: 0 })
    }
  })

  test('has the back-offs of the configuration', async () => {
    const clock = createFakeClock()
    const queue = new SchedulingQueue({ clock, onReady: () => undefined, initialBackoffMs: 3_000, maxBackoffMs: 4_000 })
    queue.put(info('a'), free)
    for (const seconds of [3, 4, 4]) {
      queue.retryLater(queue.take()!)
      await clock.advance(seconds * 1000 - 1)
      expect(queue.take()).toBeUndefined()
      await clock.advance(1)
    }
  })

  test('is tried again after five minutes whatever happens', async () => {
    const { clock, take, refuse } = setUp()
    refuse('a')
    await clock.advance(310_000)
    expect(take()).toBe('a')
  })

  test('for want of nodes is woken by the first one', async () => {
    const { clock, queue, take, refuse } = setUp()
    refuse('a', [])
    await clock.advance(1_000)
    queue.changed(volumes)
    expect(take()).toBeUndefined()
    queue.changed({ type: 'node-added', node: undefined as never })
    expect(take()).toBe('a')
  })

  test('does not come back when it was deleted while being tried', async () => {
    const { clock, queue } = setUp()
    queue.put(info('a'), free)
    const waiting = queue.take()!
    queue.remove('default/a')
    queue.refuse(waiting, new Set([helped]))
    queue.retryLater(waiting)
    queue.changed(volumes)
    await clock.advance(600_000)
    expect(queue.take()).toBeUndefined()
  })
})

test('a new pod under an old name is a pod of its own', () => {
  const { queue, take } = setUp()
  queue.put(info('a'), free)
  const replaced = pod('a')
  replaced.metadata.uid = 'another'
  queue.put(podInfoOf(replaced), free)
  expect([take(), take()]).toEqual(['a', undefined])
})

test('nothing is left ticking after a stop', () => {
  const { clock, queue, refuse } = setUp()
  refuse('a')
  queue.stop()
  expect(clock.pending).toBe(0)
})
