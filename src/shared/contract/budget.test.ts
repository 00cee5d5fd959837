import { expect, test } from 'vitest'
import { budgetOf, limitsOf } from './budget.ts'
import type { Cluster, ClusterSpec, Engine } from './clusters.ts'

const gib = 2 ** 30
const engine: Engine = { state: 'ready', cpus: 8, memoryBytes: 16 * gib }
const cluster = (name: string, spec: Partial<ClusterSpec>, more: Partial<Cluster> = {}): Cluster => ({
  name,
  state: 'running',
  simulated: false,
  version: 'test',
  spec: { name, workers: 2, ...spec },
  workers: [1, 2].map((number) => ({
    name: `${name}-worker-${number}`,
    state: 'running',
    ready: true,
    simulated: false,
  })),
  ...more,
})

test('limits of running clusters add up, with those of single workers', () => {
  const limited = { cpus: 2, memoryBytes: 4 * gib, workerLimits: { 'a-worker-2': { memoryBytes: 6 * gib } } }
  expect(budgetOf([cluster('a', limited)], engine)).toEqual({
    cpus: 4,
    memoryBytes: 10 * gib,
    unlimited: 0,
    machine: { cpus: 8, memoryBytes: 16 * gib },
    exceedsMemory: false,
  })
  expect(limitsOf(cluster('a', limited).spec, 'a-worker-2')).toEqual({ cpus: 2, memoryBytes: 6 * gib })
})

test('a cluster does not fit when its memory is more than the machine has beside the others', () => {
  const running = [cluster('a', { memoryBytes: 4 * gib })]
  expect(budgetOf(running, engine, { name: 'b', workers: 2, memoryBytes: 4 * gib }).exceedsMemory).toBe(false)
  expect(budgetOf(running, engine, { name: 'b', workers: 3, memoryBytes: 4 * gib }).exceedsMemory).toBe(true)
  // Of a cluster that is started, only what it will be counts.
  expect(budgetOf(running, engine, { name: 'a', workers: 2, memoryBytes: 8 * gib }).exceedsMemory).toBe(false)
})

test('stopped and simulated clusters take nothing; workers without limits a little', () => {
  const others = [cluster('a', { memoryBytes: 9 * gib }, { state: 'stopped' }), cluster('b', {}, { simulated: true })]
  expect(budgetOf(others, engine)).toMatchObject({ memoryBytes: 0, exceedsMemory: false })
  expect(budgetOf([cluster('c', {})], engine)).toMatchObject({ unlimited: 2, memoryBytes: gib, exceedsMemory: false })
  expect(budgetOf([cluster('c', {})], { state: 'unreachable' })).toMatchObject({ exceedsMemory: false })
})
