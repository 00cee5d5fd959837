import { expect, test } from 'vitest'
import { pods, deployments } from '#shared/kube/resources.ts'
import { catalogueOf, mayList, titleOf, type GroupDiscovery } from './catalogue.ts'
import { kindKey } from './index.ts'

const resource = (plural: string, kind: string, scope = 'Namespaced', verbs = ['list', 'watch']) => ({
  resource: plural,
  responseKind: { kind },
  scope,
  verbs,
})
const served: GroupDiscovery[] = [
  {
    metadata: {},
    versions: [
      {
        version: 'v1',
        resources: [
          resource('nodes', 'Node', 'Cluster'),
          resource('pods', 'Pod'),
          resource('bindings', 'Binding', 'Namespaced', ['create']),
        ],
      },
    ],
  },
  {
    metadata: { name: 'example.com' },
    versions: [
      { version: 'v2', resources: [resource('widgets', 'Widget')] },
      { version: 'v1', resources: [resource('widgets', 'Widget'), resource('oldies', 'Oldie')] },
    ],
  },
  {
    metadata: { name: 'autoscaling' },
    versions: [{ version: 'v1', resources: [resource('horizontalpodautoscalers', 'HorizontalPodAutoscaler')] }],
  },
  { metadata: { name: 'events.k8s.io' }, versions: [{ version: 'v1', resources: [resource('events', 'Event')] }] },
  {
    metadata: { name: 'metrics.k8s.io' },
    versions: [{ version: 'v1beta1', resources: [resource('pods', 'PodMetrics', 'Namespaced', ['get', 'list'])] }],
  },
]

test('known kinds keep their order, the rest follows by group; what cannot be listed is left out', () => {
  const found = catalogueOf(served)
  expect(found.map(({ title, resource: { version } }) => `${title} ${version}`)).toEqual([
    'Pods v1',
    'HorizontalPodAutoscalers v1',
    'Nodes v1',
    'Oldies v1',
    'Widgets v2',
    'PodMetrics v1beta1',
  ])
  expect(found.map(({ resource: each }) => kindKey(each))).toEqual([
    'pods',
    'horizontalpodautoscalers',
    'nodes',
    'oldies.example.com',
    'widgets.example.com',
    'pods.metrics.k8s.io',
  ])
  expect(found.find(({ title }) => title === 'Widgets')).toMatchObject({ group: 'custom', printed: true })
})

test('what is as it was stays the same object, so that lists of it go on', () => {
  const before = catalogueOf(served)
  const after = catalogueOf(structuredClone(served), before)
  expect(after.every((kind, at) => kind === before[at])).toBe(true)
  expect(before.find(({ title }) => title === 'Pods')?.resource).toBe(pods)
})

test.each([
  ['Widget', 'widgets', 'Widgets'],
  ['GatewayClass', 'gatewayclasses', 'GatewayClasses'],
  ['NetworkPolicy', 'networkpolicies', 'NetworkPolicies'],
  ['Endpoints', 'endpoints', 'Endpoints'],
  ['PodMetrics', 'pods', 'PodMetrics'],
  ['Data', 'somethings', 'Data'],
])('the title of %s is from %s', (kind, plural, title) => expect(titleOf(kind, plural)).toBe(title))

test('rules say what may be listed, and incomplete ones forbid nothing', () => {
  const rules = (verbs: string[], apiGroups: string[], resources: string[], resourceNames: string[] = []) => ({
    incomplete: false,
    resourceRules: [{ verbs, apiGroups, resources, resourceNames }],
  })
  expect(mayList(rules(['get', 'list'], [''], ['pods']), pods)).toBe(true)
  expect(mayList(rules(['*'], ['*'], ['*']), deployments)).toBe(true)
  expect(mayList(rules(['get'], [''], ['pods']), pods)).toBe(false)
  expect(mayList(rules(['list'], [''], ['pods']), deployments)).toBe(false)
  expect(mayList(rules(['list'], [''], ['pods'], ['web']), pods)).toBe(false)
  expect(mayList({ incomplete: true, resourceRules: [] }, pods)).toBe(true)
})
