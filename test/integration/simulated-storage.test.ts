import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

/** Claims of the default class on simulated workers: volumes without data. */
let cluster: SimulatedCluster
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 2 })
})
afterAll(() => cluster?.stop())

test('a StatefulSet with claim templates becomes ready, and its volumes go with its claims', async () => {
  const labels = { app: 'db' }
  const set = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name: 'db', image: 'db', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  }
  const { kubectl } = cluster
  const { code, stderr } = await kubectl.withInput(JSON.stringify(set), 'apply', '-f', '-')
  expect([code, stderr]).toEqual([0, ''])
  await kubectl.ok('rollout', 'status', 'statefulset/db', '--timeout=60s')
  const volumes = await kubectl.ok(
    'get',
    'pv',
    '-o',
    'jsonpath={range .items[*]}{.status.phase} {.spec.claimRef.name}{"\\n"}{end}',
  )
  expect(volumes.trim().split('\n').sort()).toEqual(['Bound data-db-0', 'Bound data-db-1', 'Bound data-db-2'])
  await kubectl.ok('delete', 'statefulset', 'db')
  await kubectl.ok('delete', 'pvc', '--all', '--timeout=60s')
  await kubectl.ok('wait', '--for=delete', 'pv', '--all', '--timeout=60s')
  expect(cluster.node.requests.filter((request) => request.startsWith('DELETE /volumes/'))).toHaveLength(3)
  expect(cluster.complaints).toEqual([])
})
