import { expect, test } from 'vitest'
import type { Cluster, Operation } from '#shared/contract/clusters.ts'
import type { Change } from '../../overview/changes.ts'
import { latelyOf } from './lately.ts'

const operation = (change: Partial<Operation>): Operation => ({
  ...{ kind: 'create', state: 'done', steps: [], log: [], startedAt: 1_000, ms: 2_100 },
  ...change,
})
const clusterOf = (name: string, own: Partial<Cluster>): Cluster => ({
  ...{ name, state: 'running', simulated: false, context: `local:${name}`, version: 'v1.36.0', workers: [] },
  spec: { name, workers: 0 },
  ...own,
})
const changeOf = (at: number): Change => ({
  ...{ at, tone: 'bad', what: 'BackOff', detail: 'again', count: 2 },
  about: { kind: 'Pod', name: 'mail', namespace: 'shop' },
})

test('operations and changes of all clusters stand together, the newest first', () => {
  const clusters = [
    clusterOf('dev', { operation: operation({}) }),
    clusterOf('ci', {
      state: 'failed',
      operation: operation({ state: 'failed', startedAt: 9_000, error: 'disk full' }),
    }),
  ]
  const lately = latelyOf(clusters, new Map([['local:dev', [changeOf(5_000), changeOf(20_000)]]]), 3)
  expect(lately.map(({ at, cluster, what, detail }) => [at, cluster, what, detail])).toEqual([
    [20_000, 'dev', 'BackOff', 'again'],
    [11_100, 'ci', 'Creation failed', 'disk full'],
    [5_000, 'dev', 'BackOff', 'again'],
  ])
  expect(lately[0]?.object).toEqual({ kind: 'Pod', name: 'mail', namespace: 'shop', context: 'local:dev' })
})

test('what is done says how long it took, and what runs is left to the card of the cluster', () => {
  expect(latelyOf([clusterOf('dev', { operation: operation({}) })], new Map(), 9)).toMatchObject([
    { what: 'Creation done', detail: 'after 2.1 s', tone: 'done' },
  ])
  expect(latelyOf([clusterOf('dev', { operation: operation({ state: 'running' }) })], new Map(), 9)).toEqual([])
})
