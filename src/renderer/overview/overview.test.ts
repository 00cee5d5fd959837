import { describe, expect, test } from 'vitest'
import type {
  Deployment,
  Event,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ResourceQuota,
} from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import { changesOf } from './changes.ts'
import { capacityOf, healthOf } from './health.ts'
import { namespaceLines } from './namespaces.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1_000).toISOString()
const meta = (name: string, more: object = {}) => ({ name, namespace: 'shop', uid: name, ...more })
const pod = (name: string, phase = 'Running', namespace = 'shop') =>
  stored<Pod>({
    metadata: meta(name, { namespace }),
    spec: {
      nodeName: 'w',
      containers: [{ name: 'c', resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '1' } } }],
    },
    status: { phase, conditions: [{ type: 'Ready', status: phase === 'Running' ? 'True' : 'False' }] },
  })
const node = (name: string, ready: string, unschedulable = false) =>
  stored<Node>({
    metadata: { name, creationTimestamp: at(3_000) },
    spec: { unschedulable },
    status: { allocatable: { cpu: '4', memory: '8Gi' }, conditions: [{ type: 'Ready', status: ready }] },
  })

describe('health at a glance', () => {
  test('tells how many are well of each, and leaves out what cannot be read', () => {
    const deployment = (available: number) =>
      stored<Deployment>({
        metadata: meta(`d${available}`),
        spec: { replicas: 2, selector: {}, template: {} },
        status: { availableReplicas: available },
      })
    const health = healthOf({
      now,
      nodes: [node('a', 'True'), node('b', 'True', true), node('c', 'Unknown')],
      pods: [pod('a'), pod('b', 'Pending'), pod('c', 'Failed'), pod('done', 'Succeeded')],
      deployments: [deployment(2), deployment(1), deployment(0)],
      claims: [stored<PersistentVolumeClaim>({ metadata: meta('c'), status: { phase: 'Bound' } })],
    })
    expect(health).toEqual({
      nodes: { good: 1, warn: 1, bad: 1, all: 3 },
      pods: { good: 1, warn: 1, bad: 1, all: 3 },
      workloads: { good: 1, warn: 1, bad: 1, all: 3 },
      claims: { good: 1, warn: 0, bad: 0, all: 1 },
    })
  })

  test('adds up requests and limits of pods that have a node, against nodes or the quota of the namespace', () => {
    const quota = stored<ResourceQuota>({ metadata: meta('q'), status: { hard: { 'requests.cpu': '2' } } })
    const snapshot = {
      now,
      nodes: [node('a', 'True')],
      pods: [pod('a'), pod('b'), pod('done', 'Succeeded')],
      quotas: [quota],
    }
    expect(capacityOf(snapshot, 'cpu', false)).toEqual({ requested: 0.5, limited: 2, all: 4, isQuota: false })
    expect(capacityOf(snapshot, 'cpu', true)).toEqual({ requested: 0.5, limited: 2, all: 2, isQuota: true })
    expect(capacityOf({ now, pods: [] }, 'memory', false).all).toBeUndefined()
  })

  test('lists the namespaces, those in trouble first', () => {
    const lines = namespaceLines({ now, pods: [pod('a'), pod('b'), pod('c', 'Failed', 'jobs')] }, [
      { rule: 'failing', tone: 'bad', about: { kind: 'Pod', name: 'c', namespace: 'jobs' }, says: '' },
    ])
    expect(lines.map(({ name, pods, bad, memory }) => [name, pods, bad, memory])).toEqual([
      ['jobs', 1, 1, 64 * 2 ** 20],
      ['shop', 2, 0, 128 * 2 ** 20],
    ])
  })
})

describe('recent changes', () => {
  const set = (revision: number, image: string, secondsAgo: number) =>
    stored<ReplicaSet>({
      metadata: meta(`web-${revision}`, {
        creationTimestamp: at(secondsAgo),
        annotations: { 'deployment.kubernetes.io/revision': String(revision) },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'web', controller: true }],
      }),
      spec: { selector: {}, template: { spec: { containers: [{ name: 'c', image }] } } },
    })
  const event = (reason: string, secondsAgo: number, type = 'Normal', count = 1): Event => ({
    metadata: meta(`${reason}${secondsAgo}`),
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'a' },
    reason,
    message: 'm',
    type,
    count,
    lastTimestamp: at(secondsAgo),
  })

  test('are rollouts with their images, joined workers, and events but for those of each start', () => {
    const changes = changesOf({
      now,
      replicaSets: [set(1, 'web:1', 500), set(2, 'web:2', 100)],
      nodes: [node('a', 'True')],
      events: [
        stored(event('Pulled', 5)),
        stored(event('BackOff', 20, 'Warning', 3)),
        stored(event('BackOff', 50, 'Warning', 2)),
      ],
    })
    expect(changes.map(({ about, what, detail, count }) => [about.name, what, detail, count])).toEqual([
      ['a', 'BackOff', 'm', 5],
      ['web', 'revision 2', 'web:1 → web:2', 1],
      ['web', 'revision 1', 'web:1', 1],
      ['a', 'joined', '', 1],
    ])
  })
})
