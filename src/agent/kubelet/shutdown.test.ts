import { expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { createNodeShutdown, groupOf } from './shutdown.ts'

const groups = [
  { priority: 0, seconds: 10 },
  { priority: 2_000_000_000, seconds: 5 },
]
const podOf = (name: string, priority: number): Pod => ({ metadata: { name }, spec: { containers: [], priority } })

test('less important pods end first; the others when these have ended or their time is over', async () => {
  const clock = createFakeClock()
  const said: string[] = []
  const running = new Set(['web', 'stuck', 'dns'])
  const all = [podOf('dns', 2_000_000_000), podOf('web', 0), podOf('stuck', -7)].map((pod) => ({
    pod,
    shutDown: (grace: number) => void said.push(`${pod.metadata.name}: ${grace} s`),
    isRunning: () => running.has(pod.metadata.name ?? ''),
    flush: async () => undefined,
  }))
  const shutdown = createNodeShutdown({ groups, pods: () => all, onBegin: () => void said.push('not ready'), clock })
  expect(shutdown.reason()).toBeUndefined()
  expect(shutdown.refusal()).toBeUndefined()
  let isOver = false
  void shutdown.begin().then(() => (isOver = true))
  expect(said).toEqual(['not ready', 'web: 10 s', 'stuck: 10 s'])
  expect(shutdown.reason()).toBe('node is shutting down')
  expect(shutdown.refusal()?.message).toBe('Pod was rejected as the node is shutting down.')
  running.delete('web')
  await clock.advance(9_900)
  expect(said).toHaveLength(3)
  await clock.advance(200)
  expect(said.slice(3)).toEqual(['dns: 5 s'])
  running.delete('dns')
  await clock.advance(200)
  expect(isOver).toBe(true)
  void shutdown.begin()
  expect(said).toHaveLength(4)
})

test.each([
  [-1, 0],
  [0, 0],
  [1_999_999_999, 0],
  [2_000_001_000, 1],
])('a pod of priority %i is of group %i', (priority, group) => {
  expect(groupOf(groups, podOf('p', priority))).toBe(group)
})
