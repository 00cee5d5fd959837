import { expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podGroupsOf } from './pod-groups.ts'

function podOf(name: string, owner?: { kind: string; name: string }, hash?: string): Stored<Pod> {
  return {
    metadata: {
      ...{ name, namespace: 'shop', uid: name, resourceVersion: '1' },
      ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', uid: owner.name, controller: true, ...owner }] } : {}),
      ...(hash ? { labels: { 'pod-template-hash': hash } } : {}),
    },
  }
}

test('pods of a Deployment are told by its name, those of other owners by theirs, the rest by their own', () => {
  const groups = podGroupsOf([
    podOf('web-5d4-a', { kind: 'ReplicaSet', name: 'web-5d4' }, '5d4'),
    podOf('tool'),
    podOf('web-5d4-b', { kind: 'ReplicaSet', name: 'web-5d4' }, '5d4'),
    podOf('alone-x', { kind: 'ReplicaSet', name: 'alone' }),
    podOf('postgres-0', { kind: 'StatefulSet', name: 'postgres' }),
  ])
  expect(groups.map(({ name, pods }) => [name, pods.length])).toEqual([
    ['web', 2],
    ['tool', 1],
    ['alone', 1],
    ['postgres', 1],
  ])
})

test('workloads of one name and another kind stay apart', () => {
  const groups = podGroupsOf([
    podOf('a', { kind: 'StatefulSet', name: 'web' }),
    podOf('b', { kind: 'DaemonSet', name: 'web' }),
  ])
  expect(groups.map(({ name }) => name)).toEqual(['web', 'web'])
})
