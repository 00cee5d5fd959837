import { expect, test } from 'vitest'
import { followLimits } from './node-limits.ts'
import type { CgroupDetails } from './stats/cgroup.ts'

const gib = 2 ** 30

function follow(start: { quota: number; memory: number }) {
  const now = { ...start }
  const node = { cpuMillis: 8_000, memoryBytes: gib }
  const details = (): CgroupDetails =>
    ({
      cpuLimits: { shares: 0, quota: now.quota, period: 100_000 },
      memoryLimits: { memory: now.memory, reservation: 0, swap: 0 },
    }) as CgroupDetails
  const limits = followLimits({ node, cgroups: { details } })
  let changes = 0
  limits.onChange(() => changes++)
  return { node, now, limits, changes: () => changes }
}

test('the node has the limits of its container, and follows them', () => {
  const { node, now, limits, changes } = follow({ quota: 200_000, memory: gib / 2 })
  expect(node).toEqual({ cpuMillis: 2_000, memoryBytes: gib / 2 })
  expect(limits.memory()).toBe(gib / 2)
  limits.refresh()
  expect(changes()).toBe(0)
  now.quota = 150_000
  now.memory = gib / 4
  limits.refresh()
  expect(node).toEqual({ cpuMillis: 1_500, memoryBytes: gib / 4 })
  expect(changes()).toBe(1)
})

test('without limits it has what it was given', () => {
  const { node, limits } = follow({ quota: 0, memory: 0 })
  expect(node).toEqual({ cpuMillis: 8_000, memoryBytes: gib })
  expect(limits.memory()).toBeUndefined()
})
