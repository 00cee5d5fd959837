import { afterEach, beforeEach, it } from 'vitest'
import type { ClusterRole, PolicyRule } from '#shared/kube/generated/types.ts'
import { clusterRoles } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startClusterRoleAggregation } from './cluster-role-aggregation.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startClusterRoleAggregation)
})
afterEach(() => plane.stop())

const may = (verb: string, resource: string): PolicyRule => ({ apiGroups: [''], resources: [resource], verbs: [verb] })
const make = (name: string, labels: Record<string, string>, ...rules: PolicyRule[]): Promise<ClusterRole> =>
  plane.client.create(clusterRoles, { metadata: { name, labels }, rules })
const gather = (name: string, ...labels: string[]): Promise<ClusterRole> =>
  plane.client.create(clusterRoles, {
    metadata: { name },
    aggregationRule: { clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [label]: 'yes' } })) },
    rules: [may('delete', 'nodes')],
  })
const has = (name: string, ...rules: PolicyRule[]): Promise<ClusterRole> =>
  plane.untilOne(clusterRoles, name, (role) => JSON.stringify(role.rules ?? []) === JSON.stringify(rules))

it('gathers by selector, then by name, each rule once, in place of what was there', async () => {
  await make('b', { web: 'yes' }, may('get', 'pods'), may('get', 'secrets'))
  await make('a', { web: 'yes' }, may('get', 'pods'))
  await make('c', { db: 'yes', web: 'no' }, may('list', 'events'), may('get', 'secrets'))
  await gather('all', 'db', 'web')
  await has('all', may('list', 'events'), may('get', 'secrets'), may('get', 'pods'))
})

it('leaves the rules that a role was made with until there is something to gather, as Kubernetes does', async () => {
  await gather('all', 'web')
  await has('all', may('delete', 'nodes'))
})

it('follows roles that come, change their label and go', async () => {
  await gather('all', 'web')
  await make('late', { web: 'yes' }, may('get', 'pods'))
  await has('all', may('get', 'pods'))
  await plane.client.patch(
    clusterRoles,
    { name: 'late' },
    { type: 'merge', body: { metadata: { labels: { web: null } } } },
  )
  await has('all')
  await make('later', { web: 'yes' }, may('get', 'nodes'))
  await has('all', may('get', 'nodes'))
  await plane.client.delete(clusterRoles, { name: 'later' })
  await has('all')
})

it('gathers what others have gathered, never from itself', async () => {
  await gather('outer', 'inner')
  await gather('inner', 'web', 'inner')
  await plane.client.patch(
    clusterRoles,
    { name: 'inner' },
    { type: 'merge', body: { metadata: { labels: { inner: 'yes' } } } },
  )
  await make('part', { web: 'yes' }, may('get', 'pods'))
  await has('outer', may('get', 'pods'))
  await has('inner', may('get', 'pods'))
})
