import { expect, test } from 'vitest'
import type { Cluster } from '#shared/contract/clusters.ts'
import { clusterOf } from './cluster-of.ts'

const clusterNamed = (name: string, own: Partial<Cluster>): Cluster => ({
  ...{ name, state: 'running', simulated: false, version: 'v1.36.0', workers: [], spec: { name, workers: 0 } },
  ...own,
})

test('a page of no context is of no cluster, although a stopped one has no context either', () => {
  const clusters = [clusterNamed('spike', { state: 'stopped' }), clusterNamed('dev', { context: 'local:dev' })]
  expect(clusterOf(clusters, undefined)).toBeUndefined()
  expect(clusterOf(clusters, 'local:dev')?.name).toBe('dev')
})
