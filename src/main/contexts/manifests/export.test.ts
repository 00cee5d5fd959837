import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '#shared/kube/object.ts'
import { exportManifests } from './export.ts'

const object = (apiVersion: string, kind: string, metadata: object, rest: object = {}): { json: string } => ({
  json: JSON.stringify({ apiVersion, kind, metadata: { uid: 'u', resourceVersion: '3', ...metadata }, ...rest }),
})
const shop = (name: string, more: object = {}): object => ({ name, namespace: 'shop', ...more })

const cluster = [
  object('apps/v1', 'Deployment', shop('web'), { spec: { replicas: 2 }, status: { replicas: 2 } }),
  object('v1', 'Pod', shop('web-1', { ownerReferences: [{ kind: 'ReplicaSet', name: 'web', uid: 'r' }] })),
  object('v1', 'Service', shop('web'), { spec: { clusterIP: '10.96.1.2', ports: [{ port: 80 }] } }),
  object('v1', 'Secret', shop('db'), { type: 'Opaque', data: { a: 'eA==' } }),
  object('v1', 'Namespace', { name: 'shop' }),
  object('v1', 'Namespace', { name: 'default' }),
  object('v1', 'ConfigMap', { name: 'cm', namespace: 'default' }, { data: { a: '1' } }),
  object('v1', 'Service', { name: 'kubernetes', namespace: 'default' }),
  object('v1', 'ConfigMap', { name: 'extension', namespace: 'kube-system' }),
  object('v1', 'Node', { name: 'dev-worker-1' }),
  object('rbac.authorization.k8s.io/v1', 'ClusterRole', {
    name: 'admin',
    labels: { 'kubernetes.io/bootstrapping': 'x' },
  }),
  object('rbac.authorization.k8s.io/v1', 'ClusterRole', { name: 'mine' }),
  object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { name: 'dbs.x.dev' }),
  object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { name: 'gateways.gateway.networking.k8s.io' }),
  object('storage.k8s.io/v1', 'StorageClass', { name: 'standard' }),
]
const namesIn = (manifests: string): string[] =>
  parseAllDocuments(manifests).map((document) => {
    const { kind = '', metadata } = document.toJS() as KubeObject
    return `${kind}/${metadata.name ?? ''}`
  })

test('what users have made comes out in the order in which it is applied, without what is the cluster’s own', () => {
  const { manifests, objects, withheld } = exportManifests(cluster, { secrets: false })
  expect(namesIn(manifests)).toEqual([
    'CustomResourceDefinition/dbs.x.dev',
    'Namespace/shop',
    'ClusterRole/mine',
    'ConfigMap/cm',
    'Service/web',
    'Deployment/web',
  ])
  expect(objects).toBe(6)
  expect(withheld).toEqual(['shop/db'])
  expect(manifests).not.toMatch(/uid|resourceVersion|status|10\.96/)
})

test('of named namespaces alone; Secrets where they are asked for', () => {
  const { manifests } = exportManifests(cluster, { namespaces: ['shop'], secrets: true })
  expect(namesIn(manifests)).toEqual(['Namespace/shop', 'Secret/db', 'Service/web', 'Deployment/web'])
})
