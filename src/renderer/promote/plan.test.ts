import { expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { configMaps, deployments, horizontalPodAutoscalers, services, type Resource } from '#shared/kube/resources.ts'
import { keyOf, type Item } from './choose.ts'
import { inPromoteOrder } from '#shared/kube/transfer/order.ts'
import { effectOf, isTouched, planOf } from './plan.ts'

const item = (resource: Resource, name: string, fields: object = {}): Item => ({
  key: keyOf(resource, name),
  resource,
  object: { metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1' }, ...fields },
})
const items = [
  item(deployments, 'web', { spec: { replicas: 7 } }),
  item(services, 'web'),
  item(configMaps, 'settings'),
  item(configMaps, 'other'),
  item(horizontalPodAutoscalers, 'web', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } }),
]
const chosen = new Set(['deployments/web', 'services/web', 'configmaps/settings'])
const route = { from: 'shop', to: 'prod' }

it('applies the namespace first and workloads last, with types and without what is not chosen', () => {
  const newNamespace = {
    metadata: { name: 'shop', labels: { team: 'shop', 'kubernetes.io/metadata.name': 'shop' } },
  }
  const plan = planOf({ items, chosen, route, newNamespace })
  expect(plan.map(({ key }) => key)).toEqual([
    'namespaces/prod',
    'configmaps/settings',
    'services/web',
    'deployments/web',
  ])
  expect(plan[0]?.body).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'prod', labels: { team: 'shop' } },
  })
  // The autoscaler of the source sets the replicas, though it is not taken along.
  expect(plan[3]?.body).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'prod' },
    spec: {},
  })
})

it('applies objects of custom kinds after configuration and before workloads', () => {
  const bodies = ['Deployment', 'Coupon', 'Service', 'Secret', 'Job', 'ServiceAccount'].map((kind) => ({
    body: { kind, metadata: { name: 'x' } },
  }))
  expect(inPromoteOrder(bodies).map(({ body }) => body.kind)).toEqual([
    'ServiceAccount',
    'Secret',
    'Coupon',
    'Service',
    'Deployment',
    'Job',
  ])
})

it('says what applying changes, by fields that users write', () => {
  const before = { metadata: { name: 'a', resourceVersion: '1' }, data: { x: '1' }, status: { a: 1 } } as KubeObject
  const after = { metadata: { name: 'a', resourceVersion: '2', generation: 2 }, data: { x: '1' } } as KubeObject
  expect(effectOf(undefined, after)).toEqual({ is: 'created', fields: [] })
  expect(effectOf(before, after)).toEqual({ is: 'same', fields: [] })
  expect(effectOf(before, { ...after, data: { x: '2' } } as KubeObject)).toEqual({ is: 'changed', fields: ['data.x'] })
})

it('tells what people changed afterwards from what controllers did', () => {
  const promoted = { kind: 'Deployment', metadata: { name: 'web', namespace: 'prod' }, spec: { replicas: 2 } }
  const revision = { 'deployment.kubernetes.io/revision': '1' }
  const now = { ...promoted, metadata: { ...promoted.metadata, annotations: revision }, status: { replicas: 2 } }
  expect(isTouched(promoted, now)).toBe(false)
  expect(isTouched(promoted, { ...now, spec: { replicas: 3 } } as KubeObject)).toBe(true)
})
