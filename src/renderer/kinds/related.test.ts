import { expect, test } from 'vitest'
import type { Job, Pod, PodSpec, Service } from '#shared/kube/generated/types.ts'
import { asStored, type KubeObject, type Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import type { KindDescriptor } from './descriptor.ts'
import { kinds } from './index.ts'
import { relatedOf, type Neighbours } from './related.ts'
import { usesOf } from './uses.ts'

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'rs', controller: true }
const web = stored<Pod>({
  metadata: { name: 'web-1-a', namespace: 'a', labels: { app: 'web', tier: 'front' }, ownerReferences: [owner] },
  spec: {
    nodeName: 'w1',
    serviceAccountName: 'runner',
    volumes: [{ name: 'v', configMap: { name: 'settings' } }],
    containers: [
      {
        name: 'c',
        envFrom: [{ configMapRef: { name: 'settings' } }],
        env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'password', key: 'p' } } }],
      },
    ],
  },
})
const front = (namespace: string): Stored<Service> =>
  stored<Service>({ metadata: { name: 'front', namespace }, spec: { selector: { app: 'web' } } })
const service = front('a')
const elsewhere = front('b')
const neighbours: Neighbours = {
  pods: [web],
  replicaSets: [],
  jobs: [],
  services: [service, elsewhere],
  endpointSlices: [],
}
const descriptorOf = (kind: string): KindDescriptor => {
  const found = kinds.find(({ resource }) => resource.kind === kind)
  if (!found) throw new Error(kind)
  return found
}
const titles = (kind: string, object: KubeObject): Record<string, string[]> => {
  const groups = relatedOf(descriptorOf(kind), asStored(object, false), neighbours)
  return Object.fromEntries(groups.map(({ title, items }) => [title, items.map((each) => `${each.kind} ${each.name}`)]))
}

test('names each thing that a pod uses once', () => {
  expect(usesOf(web.spec ?? { containers: [] }).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'ConfigMap settings',
    'Secret password',
    'ServiceAccount runner',
  ])
})

test('knows what pods start without', () => {
  const spec: PodSpec = {
    imagePullSecrets: [{ name: 'registry' }],
    volumes: [
      { name: 'a', configMap: { name: 'settings', optional: true } },
      { name: 'b', projected: { sources: [{ secret: { name: 'token', optional: true } }] } },
    ],
    containers: [
      {
        ...{ name: 'c', envFrom: [{ secretRef: { name: 'more', optional: true } }] },
        env: [{ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } }],
      },
    ],
  }
  expect(usesOf(spec)).toEqual([
    { kind: 'ConfigMap', name: 'settings' },
    { kind: 'Secret', name: 'token', need: 'optional' },
    { kind: 'Secret', name: 'more', need: 'optional' },
    { kind: 'Secret', name: 'registry', need: 'pull' },
  ])
})

test('a pod knows its owner, its node, what it uses, and the Services of its own namespace that select it', () => {
  expect(titles('Pod', web)).toEqual({
    'Owned by': ['ReplicaSet web-1'],
    'Runs on': ['Node w1'],
    Uses: ['ConfigMap settings', 'Secret password', 'ServiceAccount runner'],
    Services: ['Service front'],
  })
})

test('finds pods by set-based selectors, by node, and by what they use', () => {
  const selector = { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'other'] }] }
  const deployment = { metadata: { name: 'web', namespace: 'a', uid: 'd' }, spec: { selector } }
  expect(titles('Deployment', deployment)).toEqual({ Pods: ['Pod web-1-a'] })
  expect(titles('Node', { metadata: { name: 'w1' } })).toEqual({ Pods: ['Pod web-1-a'] })
  expect(titles('Secret', { metadata: { name: 'password', namespace: 'a' } })).toEqual({ 'Used by': ['Pod web-1-a'] })
  expect(titles('Secret', { metadata: { name: 'password', namespace: 'b' } })).toEqual({})
})

test('what stands between an object and its pods is told', () => {
  const deployment = {
    metadata: { name: 'web', namespace: 'a', uid: 'd' },
    spec: { selector: { matchLabels: { app: 'web' } } },
  }
  const groups = (kind: string, object: KubeObject, more: Partial<Neighbours> = {}): unknown =>
    relatedOf(descriptorOf(kind), asStored(object, false), { ...neighbours, ...more }).flatMap(({ items }) => items)
  expect(groups('Deployment', deployment)).toMatchObject([
    { name: 'web-1-a', owner: { kind: 'ReplicaSet', name: 'web-1' } },
  ])
  expect(groups('ReplicaSet', { metadata: { name: 'web-1', namespace: 'a', uid: 'rs' } })).toEqual([
    expect.not.objectContaining({ owner: expect.anything() as unknown }),
  ])

  const job = stored<Job>({
    metadata: {
      name: 'night-1',
      namespace: 'a',
      uid: 'j',
      ownerReferences: [{ ...owner, kind: 'CronJob', name: 'night', uid: 'c' }],
    },
  })
  const run = stored<Pod>({
    metadata: {
      name: 'night-1-x',
      namespace: 'a',
      ownerReferences: [{ ...owner, kind: 'Job', name: 'night-1', uid: 'j' }],
    },
  })
  expect(
    groups('CronJob', { metadata: { name: 'night', namespace: 'a', uid: 'c' } }, { jobs: [job], pods: [run] }),
  ).toMatchObject([
    { kind: 'Job', name: 'night-1' },
    { kind: 'Pod', name: 'night-1-x', owner: { kind: 'Job', name: 'night-1' } },
  ])
})
