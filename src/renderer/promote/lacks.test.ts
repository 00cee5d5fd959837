import { expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { deployments, ingresses, namespaces, persistentVolumeClaims, type Resource } from '#shared/kube/resources.ts'
import { blockedBy, lacksOf, type Planned, type TargetFacts } from './lacks.ts'

const coupons: Resource = { group: 'example.com', version: 'v1', kind: 'Coupon', plural: 'coupons', namespaced: true }
const planned = (resource: Resource, name: string, spec: object = {}): Planned => {
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version
  const body = { apiVersion, kind: resource.kind, metadata: { name }, spec } as KubeObject
  return { key: `${resource.plural}/${name}`, resource, body }
}
const everything: TargetFacts = { serves: () => true, has: () => true, may: () => true }
const pods = (spec: object): object => ({ template: { spec: { containers: [], ...spec } } })

it('names kinds that are not served, and rights that are missing, once for all objects', () => {
  const plan = [
    planned(namespaces, 'shop'),
    planned(coupons, 'one'),
    planned(coupons, 'two'),
    planned(ingresses, 'shop'),
    planned(deployments, 'web'),
  ]
  const lacks = lacksOf(plan, {
    ...everything,
    serves: ({ kind }) => kind !== 'Coupon',
    may: (verb, { plural }) => !(verb === 'create' ? plural === 'namespaces' : plural === 'ingresses'),
  })
  expect(lacks).toEqual([
    { is: 'kind', name: 'Coupon example.com/v1', keys: ['coupons/one', 'coupons/two'] },
    { is: 'namespace', name: 'namespaces', keys: ['namespaces/shop'] },
    { is: 'right', verb: 'patch', name: 'ingresses.networking.k8s.io', keys: ['ingresses/shop'] },
  ])
  expect([...blockedBy(lacks)]).toEqual(['coupons/one', 'coupons/two', 'namespaces/shop', 'ingresses/shop'])
})

it('names classes and objects that are neither there nor taken along; what may not be asked is not missing', () => {
  const plan = [
    planned(persistentVolumeClaims, 'data', { storageClassName: 'fast' }),
    planned(persistentVolumeClaims, 'logs', { storageClassName: 'fast' }),
    planned(ingresses, 'shop', { ingressClassName: 'slipway', tls: [{ secretName: 'cert' }] }),
    planned(
      deployments,
      'web',
      pods({
        serviceAccountName: 'default',
        volumes: [
          { persistentVolumeClaim: { claimName: 'data' } },
          { configMap: { name: 'settings' } },
          { secret: { secretName: 'unknown' } },
          { secret: { secretName: 'extra', optional: true } },
        ],
      }),
    ),
  ]
  const lacks = lacksOf(plan, { ...everything, has: (_kind, name) => (name === 'unknown' ? undefined : false) })
  expect(lacks).toEqual([
    { is: 'class', kind: 'StorageClass', name: 'fast', by: 'PersistentVolumeClaim data', count: 2 },
    { is: 'class', kind: 'IngressClass', name: 'slipway', by: 'Ingress shop', count: 1 },
    { is: 'object', kind: 'Secret', name: 'cert', by: 'Ingress shop', count: 1 },
    { is: 'object', kind: 'ConfigMap', name: 'settings', by: 'Deployment web', count: 1 },
  ])
  expect(blockedBy(lacks).size).toBe(0)
})
