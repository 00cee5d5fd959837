import { describe, expect, test } from 'vitest'
import type { HorizontalPodAutoscaler, Job, NetworkPolicy, Node, Pod } from '#shared/kube/generated/types.ts'
import { allows, ruleRows } from './access/rules.ts'
import { indexCells, parseIndexes } from './batch/job-indexes.ts'
import { nextRuns } from './batch/next-runs.ts'
import { graphOf } from './graph.ts'
import { policyWords } from './network/policy-words.ts'
import { capacityOf } from './node/capacity.ts'
import { resourceRows } from './pod/resource-rows.ts'
import { metricRows } from './policy/metrics.ts'

test('the rules of a role are a row for each resource, with its verbs', () => {
  const rows = ruleRows([
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods/log', 'secrets'], resourceNames: ['db'], verbs: ['*'] },
    { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    { apiGroups: ['*'], resources: ['*'], verbs: ['escalate'] },
  ])
  expect(rows.map(({ resource, names, others }) => [resource, names, others])).toEqual([
    ['*', [], ['escalate']],
    ['/metrics', [], []],
    ['deployments.apps', [], []],
    ['pods/log', ['db'], []],
    ['secrets', ['db'], []],
  ])
  const deployments = rows[2]
  const logs = rows[3]
  if (!deployments || !logs) throw new Error('no rows')
  expect(['get', 'list', 'patch', 'delete'].map((verb) => allows(deployments, verb))).toEqual([true, true, true, false])
  expect(allows(logs, 'delete')).toBe(true)
})

describe('Jobs and CronJobs', () => {
  test('indexes are read as the API writes them, and no more than can be shown', () => {
    expect([...parseIndexes('0,2-4')]).toEqual([0, 2, 3, 4])
    expect(parseIndexes('0-999999999').size).toBe(2_000)
    const job: Job = {
      metadata: { name: 'j', namespace: 'a' },
      spec: { completionMode: 'Indexed', completions: 4, template: {} },
      status: { completedIndexes: '0-1', failedIndexes: '3' },
    }
    expect(indexCells(job).map(({ is }) => is)).toEqual(['completed', 'completed', 'open', 'failed'])
  })
  test('the next runs follow schedule and zone; a schedule that cannot be read says why', () => {
    const now = Date.parse('2026-11-29T14:07:00Z')
    expect(nextRuns('*/15 * * * *', 'UTC', now, 2).runs.map((time) => new Date(time).toISOString())).toEqual([
      '2026-11-29T14:15:00.000Z',
      '2026-11-29T14:30:00.000Z',
    ])
    expect(nextRuns('0 8 * * *', 'Europe/Berlin', now, 1).runs).toEqual([Date.parse('2026-11-30T07:00:00Z')])
    expect(nextRuns('often', 'UTC', now).problem).toBeTruthy()
  })
})

test('a NetworkPolicy is told in words', () => {
  const policy: NetworkPolicy = {
    metadata: { name: 'p', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { app: 'db' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { app: 'web' } } }, { namespaceSelector: {} }],
          ports: [{ port: 5432 }],
        },
      ],
    },
  }
  expect(policyWords(policy)).toEqual({
    subject: 'For pods in shop with app=db.',
    ingress: ['From pods with app=web in shop or all pods in every namespace, to 5432/TCP.'],
    egress: ['Nothing may go out.'],
  })
})

test('the capacity of a node is what its pods ask for, without those that have ended', () => {
  const node: Node = {
    metadata: { name: 'n' },
    status: {
      allocatable: { 'ephemeral-storage': '10Gi', memory: '1Gi', cpu: '2', pods: '110', 'example.com/gpu': '0' },
    },
  }
  const pod = (phase: string): Pod => ({
    metadata: { name: 'p', namespace: 'a' },
    spec: {
      containers: [{ name: 'c', resources: { requests: { cpu: '500m', memory: '128Mi' }, limits: { cpu: '1' } } }],
    },
    status: { phase },
  })
  expect(capacityOf(node, [pod('Running'), pod('Succeeded')])).toEqual([
    { resource: 'cpu', requested: 0.5, limited: 1, allocatable: 2 },
    { resource: 'memory', requested: 134217728, limited: 0, allocatable: 1073741824 },
    { resource: 'pods', requested: 1, limited: 0, allocatable: 110 },
    { resource: 'ephemeral-storage', requested: 0, limited: 0, allocatable: 10737418240 },
  ])
})

test('the metrics of an autoscaler stand beside their targets', () => {
  const scaler: HorizontalPodAutoscaler = {
    metadata: { name: 'h', namespace: 'a' },
    spec: {
      maxReplicas: 5,
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } } },
      ],
    },
    status: {
      desiredReplicas: 2,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 75 } } }],
    },
  }
  expect(metricRows(scaler)).toEqual([
    { name: 'cpu', now: '75 %', target: '50 %', share: 1.5 },
    { name: 'requests', now: '–', target: '10', share: undefined },
  ])
})

test('what a container uses is held against its limit, its request, or nothing', () => {
  const [cpu, memory] = resourceRows(
    { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    { cpu: 0.15, memory: 96 * 2 ** 20 },
  )
  expect(cpu).toMatchObject({ used: '150m', bounds: 'request 100m, no limit', meter: { use: 0.15, limit: 0.15 } })
  expect(memory).toMatchObject({
    used: '96 MiB',
    bounds: 'request 64Mi, limit 128Mi',
    meter: { use: 96 * 2 ** 20, request: 64 * 2 ** 20, limit: 128 * 2 ** 20 },
  })
  expect(resourceRows({}, { cpu: 2, memory: undefined })).toEqual([
    { resource: 'cpu', title: 'CPU', used: '2', bounds: 'no request, no limit' },
  ])
  expect(resourceRows({ requests: { cpu: '1' } })[0]).toMatchObject({ used: '', bounds: 'request 1, no limit' })
  expect(resourceRows()).toEqual([])
})

test('the graph has owners left and what belongs to the object right, and says how many have no room', () => {
  const items = Array.from({ length: 20 }, (_, at) => ({ kind: 'Pod', name: `web-${at}` }))
  const graph = graphOf(
    { kind: 'ReplicaSet', name: 'web' },
    [{ kind: 'Deployment', name: 'web' }],
    [
      { id: 'pods', title: 'Pods', items },
      { id: 'owners', title: 'Owned by', items: [{ kind: 'Deployment', name: 'web' }] },
    ],
  )
  expect(graph.nodes).toHaveLength(14)
  expect(graph.left).toBe(8)
  expect(graph.edges).toHaveLength(13)
  expect(graph.nodes[1]).toMatchObject({ kind: 'ReplicaSet', isThis: true })
})
