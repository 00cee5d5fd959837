import { expect, it } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { configMaps, events, pods, secrets, serviceAccounts, type Resource } from '#shared/kube/resources.ts'
import { staysBehind } from './stays.ts'
import { stripped } from './strip.ts'

const route = { from: 'shop', to: 'prod' }
const object = (apiVersion: string, kind: string, rest: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'shop' },
  ...rest,
})
const specOf = (stored: KubeObject, how = {}): unknown =>
  (stripped(stored, { ...route, ...how }) as KubeObject & { spec?: unknown }).spec

it('leaves what the server, its controllers and owners have given an object', () => {
  const stored = object('apps/v1', 'Deployment', {
    metadata: {
      ...{ name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '7', generation: 3, labels: { app: 'web' } },
      ...{ creationTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/keep'], managedFields: [{}] },
      ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'x' }],
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': '{}',
        'deployment.kubernetes.io/revision': '4',
        'meta.helm.sh/release-name': 'web',
        'example.com/team': 'shop',
      },
    },
    spec: { replicas: 2, template: { metadata: { creationTimestamp: null, labels: { app: 'web' } } } },
    status: { replicas: 2 },
  })
  expect(stripped(stored, route)).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...{ name: 'web', namespace: 'prod', labels: { app: 'web' } },
      annotations: { 'example.com/team': 'shop' },
    },
    spec: { replicas: 2, template: { metadata: { labels: { app: 'web' } } } },
  })
  expect(stored.metadata.uid).toBe('u')
})

it('has no empty annotations where all of them were of the source', () => {
  const annotations = { 'deployment.kubernetes.io/revision': '4' }
  const stored = object('apps/v1', 'Deployment', { metadata: { name: 'web', namespace: 'shop', annotations } })
  expect(stripped(stored, route).metadata).toEqual({ name: 'web', namespace: 'prod' })
})

it('leaves addresses of Services, but not that there is to be none', () => {
  const given = { clusterIPs: ['10.96.0.7'], ipFamilies: ['IPv4'], healthCheckNodePort: 30_001 }
  const ports = [{ port: 80, nodePort: 30_000 }]
  expect(specOf(object('v1', 'Service', { spec: { clusterIP: '10.96.0.7', ...given, ports } }))).toEqual({
    ports: [{ port: 80 }],
  })
  expect(specOf(object('v1', 'Service', { spec: { clusterIP: 'None', clusterIPs: ['None'] } }))).toEqual({
    clusterIP: 'None',
  })
})

it('leaves the volume of a claim, and takes another class where one is chosen', () => {
  const claim = (className: string): KubeObject =>
    object('v1', 'PersistentVolumeClaim', { spec: { volumeName: 'pvc-1', storageClassName: className } })
  expect(specOf(claim('standard'))).toEqual({ storageClassName: 'standard' })
  expect(specOf(claim('standard'), { storageClasses: { standard: 'gp3' } })).toEqual({ storageClassName: 'gp3' })
  expect(specOf(claim('standard'), { storageClasses: { standard: '' } })).toEqual({})
  const set = object('apps/v1', 'StatefulSet', {
    spec: {
      volumeClaimTemplates: [
        { metadata: { name: 'data', creationTimestamp: null }, spec: { storageClassName: 'standard' }, status: {} },
      ],
    },
  })
  expect(specOf(set, { storageClasses: { standard: 'gp3' } })).toEqual({
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { storageClassName: 'gp3' } }],
  })
})

it('leaves what admission, scheduler and Job controller have put into pods', () => {
  const token = 'kube-api-access-x7k2p'
  const pod = object('v1', 'Pod', {
    spec: {
      ...{ nodeName: 'w1', serviceAccount: 'a', serviceAccountName: 'a', priority: 0 },
      volumes: [{ name: token }, { name: 'data' }],
      containers: [{ name: 'c', volumeMounts: [{ name: token }] }],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 }],
    },
  })
  expect(specOf(pod)).toEqual({
    serviceAccountName: 'a',
    volumes: [{ name: 'data' }],
    containers: [{ name: 'c' }],
  })
  const labels = { 'batch.kubernetes.io/controller-uid': 'u', 'controller-uid': 'u', 'job-name': 'web' }
  const job = object('batch/v1', 'Job', {
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels: { ...labels, app: 'web' } } } },
  })
  expect(specOf(job)).toEqual({ template: { metadata: { labels: { app: 'web' } } } })
})

it('leaves replicas to autoscalers, and follows the namespace in bindings', () => {
  const web = object('apps/v1', 'Deployment', { spec: { replicas: 9 } })
  expect(specOf(web, { scaled: new Set(['Deployment/web']) })).toEqual({})
  const subjects = [
    { kind: 'ServiceAccount', name: 'a', namespace: 'shop' },
    { kind: 'ServiceAccount', name: 'b', namespace: 'other' },
  ]
  expect(stripped(object('rbac.authorization.k8s.io/v1', 'RoleBinding', { subjects }), route)).toMatchObject({
    subjects: [{ namespace: 'prod' }, { namespace: 'other' }],
  })
})

it.each<[string, Resource, object, boolean]>([
  ['a pod of a controller', pods, { metadata: { ownerReferences: [{ uid: 'x' }] } }, true],
  ['a pod of its own', pods, {}, false],
  ['an Event', events, {}, true],
  ['the default account', serviceAccounts, { metadata: { name: 'default' } }, true],
  ['another account', serviceAccounts, {}, false],
  ['the root certificate', configMaps, { metadata: { name: 'kube-root-ca.crt' } }, true],
  ['a token', secrets, { type: 'kubernetes.io/service-account-token' }, true],
  ["Helm's release", secrets, { type: 'helm.sh/release.v1' }, true],
  ['a Secret', secrets, { type: 'Opaque' }, false],
])('%s stays: %o', (_what, resource, rest, stays) => {
  const { metadata, ...fields } = rest as { metadata?: object }
  expect(staysBehind({ ...fields, metadata: { name: 'web', ...metadata } }, resource)).toBe(stays)
})
