import { expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { configMaps, deployments, namespaces, pods, type Resource } from '#shared/kube/resources.ts'
import { lacksOf, type Planned, type TargetFacts } from './lacks.ts'
import { openOf, outlookOf, type Outlook, type Verdict } from './outlook.ts'

const planned = (resource: Resource, name: string, spec: object = {}): Planned => {
  const body = { apiVersion: 'v1', kind: resource.kind, metadata: { name }, spec } as KubeObject
  return { key: `${resource.plural}/${name}`, resource, body }
}
const everything: TargetFacts = { serves: () => true, has: () => true, may: () => true }
const plan = [
  planned(namespaces, 'shop'),
  planned(configMaps, 'settings'),
  planned(deployments, 'web'),
  planned(pods, 'probe', { containers: [], priorityClassName: 'high' }),
]
const created: Verdict = { effect: { is: 'created', fields: [] }, conflicts: [] }
const outlook = (
  facts: Partial<TargetFacts> = {},
  verdicts: Record<string, Verdict | undefined> = {},
  takeOver = false,
): Outlook =>
  outlookOf({
    ...{ plan, lacks: lacksOf(plan, { ...everything, ...facts }), takeOver },
    verdictOf: ({ body: { metadata } }) => {
      const { name = '' } = metadata
      return name in verdicts ? verdicts[name] : created
    },
  })

it('counts the objects alone, and tells of the namespace that is made for them', () => {
  const { objects, makesNamespace, counts, obstacle } = outlook()
  expect({ objects, makesNamespace, counts, obstacle }).toEqual({
    ...{ objects: 3, makesNamespace: true, obstacle: undefined },
    counts: { created: 3, changed: 0, same: 0 },
  })
})

it('what the target cannot take keeps the plan back, is not asked about, and can be left out', () => {
  const found = outlook({ serves: ({ kind }) => kind !== 'Deployment' }, { settings: { conflicts: [], refused: 'no' } })
  expect(found.obstacle).toEqual({ is: 'blocked', n: 1 })
  expect(found.open.map(({ key }) => key)).toEqual(['namespaces/shop', 'configmaps/settings', 'pods/probe'])
  expect(found.hopeless).toEqual(['deployments/web', 'configmaps/settings'])
})

it('a pod is not admitted without its class: it is blocked, though nothing in its new namespace can be asked', () => {
  const found = outlook({ has: (kind) => kind !== 'PriorityClass' })
  expect(found).toMatchObject({ obstacle: { is: 'blocked', n: 1 }, hopeless: ['pods/probe'], awaited: 0 })
})

it('nothing can be applied where the namespace may not be made', () => {
  const found = outlook({ may: (verb, resource) => !(verb === 'create' && resource === namespaces) })
  expect(found).toMatchObject({ obstacle: { is: 'namespace' }, open: [], hopeless: [] })
})

it('what is missing and only waited for is told, and keeps nothing back', () => {
  const web = planned(deployments, 'web', { template: { spec: { containers: [], priorityClassName: 'high' } } })
  const lacks = lacksOf([web], { ...everything, has: () => false })
  expect(openOf([web], lacks)).toEqual([web])
  const found = outlookOf({ plan: [web], lacks, verdictOf: () => created, takeOver: false })
  expect(found.awaited).toBe(1)
  expect(found.obstacle).toBeUndefined()
})

it('waits for the comparison, for what the server refuses, and for fields of others to be taken over', () => {
  const conflicting: Verdict = { ...created, conflicts: [{ manager: 'gitops', field: '.spec' }] }
  expect(outlook({}, { web: undefined }).obstacle).toEqual({ is: 'checking' })
  expect(outlook({}, { web: { conflicts: [], refused: 'quota' } }).obstacle).toEqual({ is: 'refused', n: 1 })
  expect(outlook({}, { web: conflicting }).obstacle).toEqual({ is: 'conflict' })
  expect(outlook({}, { web: conflicting }, true).obstacle).toBeUndefined()
})
