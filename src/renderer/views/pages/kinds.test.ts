import { describe, expect, test } from 'vitest'
import type { HorizontalPodAutoscaler, Job, NetworkPolicy, Node, Pod } from '#shared/kube/generated/types.ts'
import { allows, ruleRows } from './access/rules.ts'
import { matchWords } from './admission/admission-words.ts'
import { webhookReach } from './admission/webhook-reach.ts'
import { definitionTone } from './api/definition-tone.ts'
import { schemaFields } from './api/schema-fields.ts'
import { indexCells, parseIndexes } from './batch/job-indexes.ts'
import { nextRuns } from './batch/next-runs.ts'
import { graphOf } from './graph.ts'
import { policyWords } from './network/policy-words.ts'
import { capacityOf } from './node/capacity.ts'
import { resourceRows } from './pod/resource-rows.ts'
import { budgetWords } from './policy/budget-words.ts'
import { metricRows } from './policy/metrics.ts'
import { quotaRows } from './policy/quota-rows.ts'
import { classWords } from './storage/class-words.ts'

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

test('pods hang on the ReplicaSet that owns them, in a column of their own', () => {
  const pod = (name: string, set: string) => ({ kind: 'Pod', name, owner: { kind: 'ReplicaSet', name: set } })
  const graph = graphOf(
    { kind: 'Deployment', name: 'web' },
    [],
    [
      { id: 'uses', title: 'Uses', items: [{ kind: 'ConfigMap', name: 'settings' }] },
      {
        id: 'replicaSets',
        title: 'ReplicaSets',
        items: ['new', 'old', 'empty'].map((name) => ({ kind: 'ReplicaSet', name })),
      },
      {
        id: 'pods',
        title: 'Pods',
        items: [pod('new-a', 'new'), pod('old-a', 'old'), pod('new-b', 'new'), pod('stray', 'gone')],
      },
    ],
  )
  const at = Object.fromEntries(graph.nodes.map(({ name, x, y }) => [name, { x, y }]))
  const [first, second] = [at['new']?.x ?? 0, at['new-a']?.x ?? 0]
  expect(second).toBeGreaterThan(first)
  expect(['old', 'empty', 'settings', 'stray'].map((name) => at[name]?.x)).toEqual([first, first, first, first])
  expect(['new-b', 'old-a'].map((name) => at[name]?.x)).toEqual([second, second])
  expect(at['new']?.y).toBe(((at['new-a']?.y ?? 0) + (at['new-b']?.y ?? 0)) / 2)
  expect(graph.edges).toHaveLength(8)
  expect(new Set(graph.nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(9)
})

test('a StorageClass is told in words', () => {
  expect(
    classWords({
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'disks.example.com',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
  ).toEqual([
    'A claim gets a volume that disks.example.com makes for it.',
    'The volume is made when the first pod that uses the claim is scheduled, where that pod can run.',
    'When the claim is deleted, the volume and its data stay.',
    'A claim cannot grow.',
    'Claims that name no class get this one.',
  ])
})

test('what an admission policy looks at is told in words', () => {
  expect(
    matchWords({
      resourceRules: [
        { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], resources: ['deployments', 'statefulsets'] },
        { operations: ['*'], apiGroups: [''], resources: ['*'] },
      ],
      excludeResourceRules: [{ operations: ['DELETE'], apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }],
      namespaceSelector: { matchLabels: { team: 'shop' } },
    }),
  ).toEqual([
    'CREATE and UPDATE of deployments.apps and statefulsets.apps',
    'every operation of everything',
    'Except DELETE of pods (a)',
    'In namespaces with team=shop',
  ])
  expect(matchWords(undefined)).toEqual(['Every request.'])
})

test('the scarcest limit of a quota comes first', () => {
  const rows = quotaRows({
    metadata: { name: 'q' },
    status: { hard: { pods: '10', 'requests.cpu': '2' }, used: { pods: '1', 'requests.cpu': '1500m' } },
  })
  expect(rows.map(({ resource, text }) => `${resource}: ${text}`)).toEqual([
    'requests.cpu: 1500m of 2',
    'pods: 1 of 10',
  ])
})

test('a budget says what a drain may take, and what holds for pods that are unwell', () => {
  expect(
    budgetWords({
      metadata: { name: 'web', namespace: 'shop' },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
      status: { disruptionsAllowed: 1 },
    }),
  ).toEqual([
    'A drain leaves at least 2 running, of the pods with app=web.',
    'Now it may take 1 pod.',
    'A pod that is not ready may go only while enough others are ready.',
  ])
  expect(
    budgetWords({
      metadata: { name: 'all', namespace: 'shop' },
      spec: { maxUnavailable: '25%', selector: {}, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    }),
  ).toEqual([
    'A drain takes at most 25% away, of all pods of the namespace.',
    'Now it may take none.',
    'A pod that is not ready may always go.',
  ])
  expect(budgetWords({ metadata: {}, spec: { minAvailable: 2 } })[0]).toBe('It has no selector: it is for no pod.')
  expect(budgetWords({ metadata: {}, spec: { selector: {} } })[0]).toBe(
    'It sets neither minAvailable nor maxUnavailable.',
  )
})

test('a webhook says whether somebody answers behind its Service', () => {
  const stored = { uid: 'u', resourceVersion: '1' }
  const service = { metadata: { ...stored, name: 'hook', namespace: 'a' }, spec: {} }
  const slice = (ready: boolean) => ({
    metadata: { ...stored, name: 's', namespace: 'a', labels: { 'kubernetes.io/service-name': 'hook' } },
    ...{ addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }] },
  })
  const asks = { service: { name: 'hook', namespace: 'a' } }
  expect(webhookReach({ url: 'https://example.com' }, [], [])).toBeUndefined()
  expect(webhookReach(asks, [], [])?.text).toBe('This Service does not exist')
  expect(webhookReach(asks, [service], [slice(false)])?.text).toBe('No pod answers behind it')
  expect(webhookReach(asks, [service], [slice(true)])).toEqual({ tone: 'good', text: '1 pod answers' })
  const family = (addressType: string, address: string) => ({
    ...slice(true),
    ...{ addressType, endpoints: [{ addresses: [address], targetRef: { kind: 'Pod', name: 'hook-1', uid: 'p1' } }] },
  })
  const both = [family('IPv4', '10.0.0.1'), family('IPv6', 'fd00::1')]
  expect(webhookReach(asks, [service], both)?.text).toBe('1 pod answers')
})

test.each([
  ['Established', 'True', 'good'],
  ['NamesAccepted', 'False', 'bad'],
  ['KubernetesAPIApprovalPolicyConformant', 'True', 'good'],
  ['NonStructuralSchema', 'True', 'bad'],
  ['Terminating', 'True', 'bad'],
])('the condition %s of a definition, %s, is %s', (type, status, tone) =>
  expect(definitionTone(type, status)).toBe(tone),
)

test('the fields of a definition have what they may hold, and no more than can be shown', () => {
  expect(
    schemaFields({
      type: 'object',
      required: ['spec'],
      properties: {
        metadata: { type: 'object' },
        spec: {
          type: 'object',
          properties: {
            size: { type: 'integer', minimum: 1, maximum: 5 },
            tags: { type: 'array', items: { type: 'string' } },
            port: { 'x-kubernetes-int-or-string': true },
            mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
          },
        },
      },
    }),
  ).toEqual([
    {
      name: 'spec *',
      fields: [
        { name: 'size', value: 'integer, 1 – 5' },
        { name: 'tags', value: 'list of string' },
        { name: 'port', value: 'integer or string' },
        { name: 'mode', value: 'string, a | b, default "a"' },
      ],
    },
  ])
  const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`f${at}`, { type: 'string' }]))
  expect(schemaFields({ properties: wide })).toHaveLength(500)
})
