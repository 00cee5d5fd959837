import { expect, it } from 'vitest'
import {
  configMaps,
  deployments,
  horizontalPodAutoscalers,
  ingresses,
  persistentVolumeClaims,
  podDisruptionBudgets,
  secrets,
  services,
  statefulSets,
  type Resource,
} from '#shared/kube/resources.ts'
import { chosenAtFirst, keyOf, neededWith, promotable, type Item } from './choose.ts'

const item = (resource: Resource, name: string, fields: object = {}): Item => ({
  key: keyOf(resource, name),
  resource,
  object: { metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1' }, ...fields },
})
const template = (app: string, spec: object = {}): object => ({
  spec: { template: { metadata: { labels: { app } }, spec: { containers: [], ...spec } } },
})
const backend = (name: string): object => ({ backend: { service: { name } } })
const items = [
  item(
    deployments,
    'web',
    template('web', { volumes: [{ configMap: { name: 'settings' } }, { secret: { secretName: 'token' } }] }),
  ),
  item(deployments, 'cart', template('cart')),
  item(configMaps, 'settings'),
  item(configMaps, 'other'),
  item(secrets, 'token'),
  item(services, 'web', { spec: { selector: { app: 'web' } } }),
  item(services, 'cart', { spec: { selector: { app: 'cart' } } }),
  item(services, 'outside', { spec: { selector: {} } }),
  item(ingresses, 'shop', { spec: { rules: [{ http: { paths: [backend('web'), backend('cart')] } }] } }),
  item(horizontalPodAutoscalers, 'web', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } }),
  item(podDisruptionBudgets, 'web', { spec: { selector: { matchLabels: { app: 'web' } } } }),
]

it('finds what a workload needs: what it names, what leads to it, what scales and guards it', () => {
  expect([...neededWith(items, new Set(['deployments/web']))].sort()).toEqual([
    'configmaps/settings',
    'horizontalpodautoscalers/web',
    'ingresses/shop',
    'poddisruptionbudgets/web',
    'secrets/token',
    'services/web',
  ])
})

it('takes everything at first, or what was asked for with its needs, and never a Secret', () => {
  expect(chosenAtFirst(items, new Set())).toEqual(
    new Set(items.map(({ key }) => key).filter((key) => key !== 'secrets/token')),
  )
  const some = chosenAtFirst(items, new Set(['deployments/web']))
  expect(some.has('configmaps/settings')).toBe(true)
  expect(some.has('deployments/cart')).toBe(false)
  expect(some.has('secrets/token')).toBe(false)
})

it('leaves the claims that a StatefulSet makes, and no other', () => {
  const set = item(statefulSets, 'db', { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } })
  const claims = ['data-db-0', 'data-db-12', 'data-db', 'uploads'].map((name) => item(persistentVolumeClaims, name))
  expect(promotable([set, ...claims]).map(({ key }) => key)).toEqual([
    'statefulsets/db',
    'persistentvolumeclaims/data-db',
    'persistentvolumeclaims/uploads',
  ])
})
