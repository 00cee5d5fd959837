import { expect, test } from 'vitest'
import type { Cluster, Operation, Worker } from '#shared/contract/clusters.ts'
import { breakages } from './breakages.ts'
import { de } from './texts/de.ts'
import { en } from './texts/en.ts'

const worker = (name: string, change: Partial<Worker> = {}): Worker => ({
  name,
  state: 'running',
  ready: true,
  simulated: false,
  ...change,
})
const cluster = (change: Partial<Cluster> = {}): Cluster => ({
  name: 'dev',
  state: 'running',
  simulated: false,
  version: 'v1.36.0',
  spec: { name: 'dev', workers: 2 },
  workers: [worker('dev-worker-1'), worker('dev-worker-2')],
  ...change,
})
const titles = (before: Cluster, after: Cluster): string[] => breakages([before], [after], en).map(({ title }) => title)
const withSecond = (change: Partial<Worker>): Cluster =>
  cluster({ workers: [worker('dev-worker-1'), worker('dev-worker-2', change)] })

test('a worker that dies or falls silent is told once', () => {
  const dead = withSecond({ ready: false, state: 'dead' })
  expect(titles(cluster(), dead)).toEqual(['dev: worker dev-worker-2 is lost'])
  expect(titles(cluster(), withSecond({ ready: false }))).toEqual(['dev: worker dev-worker-2 is lost'])
  expect(titles(dead, dead)).toEqual([])
  // Its node is Ready until its lease has run out.
  const justEnded = withSecond({ ready: true, state: 'dead' })
  expect(titles(cluster(), justEnded)).toEqual(['dev: worker dev-worker-2 is lost'])
  expect(titles(justEnded, dead)).toEqual([])
  const starting = withSecond({ ready: false, state: 'creating' })
  expect(titles(starting, withSecond({ ready: false }))).toEqual([])
})

test('what the user stops, pauses or changes is not broken', () => {
  expect(titles(cluster(), withSecond({ ready: false, state: 'stopped' }))).toEqual([])
  expect(titles(cluster(), withSecond({ ready: false, state: 'paused' }))).toEqual([])
  expect(titles(cluster(), { ...withSecond({ ready: false }), state: 'stopping' })).toEqual([])
})

test('an operation that fails is told with its reason', () => {
  const starting = (change: Partial<Operation>): Cluster =>
    cluster({ operation: { kind: 'start', state: 'running', steps: [], log: [], startedAt: 1, ...change } })
  const failed = starting({ state: 'failed', error: 'no room' })
  expect(breakages([starting({})], [failed], en)).toEqual([
    { cluster: 'dev', title: 'dev: start failed', text: 'no room' },
  ])
  expect(breakages([failed], [failed], en)).toEqual([])
  expect(breakages([starting({})], [failed], de)[0]?.title).toBe('dev: Starten fehlgeschlagen')
})
