import { describe, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { ClusterState } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'
import { podInfoOf } from './pod-info.ts'
import { clusterOf, node, pod } from './scheduler.fixture.ts'
import { selectorOf } from './pod-selector.ts'

const zone = 'topology.kubernetes.io/zone'

describe('pods on nodes', () => {
  test('an assumed pod counts until it is confirmed or forgotten', () => {
    const cluster = clusterOf([node('n')])
    const info = podInfoOf(pod('p', { requests: { cpu: '1', memory: '1Gi' } }))
    const there = cluster.node('n')!
    cluster.assume(info, there)
    expect(there.requested).toMatchObject({ cpu: 1000, memory: 2 ** 30 })
    cluster.forget(info)
    expect(there.requested).toMatchObject({ cpu: 0, memory: 0 })
    cluster.assume(info, there)
    // Pods that wait for this one hear of it now.
    expect(cluster.setPod(info, 'n')).toEqual([{ type: 'pod-added', node: there, pod: info }])
    expect(cluster.setPod(info, 'n')).toEqual([])
    cluster.forget(info)
    expect(there.pods.size).toBe(1)
  })

  test('a pod that was bound elsewhere than assumed moves there', () => {
    const cluster = clusterOf([node('a'), node('b')])
    const info = podInfoOf(pod('p'))
    cluster.assume(info, cluster.node('a')!)
    cluster.setPod(info, 'b')
    expect([cluster.node('a')!.pods.size, cluster.node('b')!.pods.size]).toEqual([0, 1])
  })

  test('pods may be known before their node, and outlive it', () => {
    const cluster = clusterOf([], { n: [pod('p', { requests: { cpu: '1' } })] })
    expect(cluster.nodes).toEqual([])
    cluster.setNode(node('n'))
    expect(cluster.node('n')!.requested.cpu).toBe(1000)
    cluster.removeNode('n')
    expect(cluster.node('n')).toBeUndefined()
    cluster.setNode(node('n'))
    expect(cluster.node('n')!.requested.cpu).toBe(1000)
    cluster.removePod('default/p')
    expect(cluster.node('n')!.requested.cpu).toBe(0)
  })
})

describe('changes of a node', () => {
  const typesOf = (change: Parameters<typeof node>[1]): string[] => {
    const cluster = clusterOf([node('n')])
    return cluster.setNode(node('n', change)).map(({ type }) => type)
  }

  test('are told apart, and a heartbeat is none', () => {
    expect(typesOf({})).toEqual([])
    expect(typesOf({ labels: { a: 'b' } })).toEqual(['node-labels'])
    expect(typesOf({ taints: [{ key: 'k', effect: 'NoSchedule' }] })).toEqual(['node-taints'])
    expect(typesOf({ unschedulable: true })).toEqual(['node-taints'])
    expect(typesOf({ allocatable: { cpu: '8' } })).toEqual(['node-allocatable'])
    expect(new ClusterState().setNode(node('n')).map(({ type }) => type)).toEqual(['node-added'])
  })
})

test('zones take turns', () => {
  const cluster = clusterOf(['a1', 'a2', 'a3', 'b1', 'c1'].map((name) => node(name, { labels: { [zone]: name[0]! } })))
  expect(cluster.nodes.map(({ name }) => name)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3'])
})

test('running counts are what counting anew gives, under many random changes', () => {
  let seed = 3
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
  let serial = 0
  const apps = ['x', 'y', 'z']
  const randomPod = (name: string): Stored<Pod> => {
    const app = apps[random(3)]!
    const made = pod(name, {
      labels: { app },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: zone, labelSelector: { matchLabels: { app: apps[random(3)]! } } },
          ],
        },
      },
    })
    // Affinity never changes in the life of a pod.
    made.metadata.uid = `${name}-${serial++}`
    return made
  }
  const randomNode = (index: number) => node(`n${index}`, random(4) ? { labels: { [zone]: `z${random(3)}` } } : {})
  const selectors = apps.map((app) =>
    selectorOf({
      namespaces: ['default'],
      namespaceLabels: undefined,
      requirements: [{ key: 'app', operator: 'in', values: [app] }],
    }),
  )
  const countsOf = (cluster: ClusterState): unknown => ({
    groups: selectors.map((selector) =>
      [...cluster.groups.counts({ selectors: [selector], terminating: true }).domains(zone)].sort(),
    ),
    levels: selectors.flatMap((selector) =>
      [zone, 'kubernetes.io/hostname'].map((key) => {
        const everyNode = { id: 'all', has: ({ node: there }: NodeInfo) => there !== undefined }
        const counts = cluster.groups.counts({ selectors: [selector], terminating: false })
        const levels = counts.levels(cluster.topology(key, everyNode))
        return [levels.size, levels.least]
      }),
    ),
    terms: apps.map((app) =>
      cluster.terms
        .selecting('requiredAnti', podInfoOf(pod('p', { labels: { app } })), () => undefined)
        .map(({ selector, counts }) => [selector.id, [...counts.domains(zone)].sort()]),
    ),
    requested: cluster.nodes.map(({ name, pods }) => [name, [...pods.keys()].sort()]).sort(),
  })

  const cluster = new ClusterState()
  const nodes = new Map<string, ReturnType<typeof node>>()
  const placed = new Map<string, { pod: Stored<Pod>; on: string }>()
  for (let step = 0; step < 600; step++) {
    const at = random(6)
    if (random(5) === 0) {
      const changed = randomNode(at)
      if (random(3) === 0) {
        cluster.removeNode(`n${at}`)
        nodes.delete(`n${at}`)
      } else {
        cluster.setNode(changed)
        nodes.set(`n${at}`, changed)
      }
    } else {
      const name = `p${random(20)}`
      if (random(3) === 0) {
        cluster.removePod(`default/${name}`)
        placed.delete(name)
      } else {
        const next = randomPod(name)
        const on = placed.get(name)?.on ?? `n${at}`
        cluster.setPod(podInfoOf(next), on)
        placed.set(name, { pod: next, on })
      }
    }
    if (step % 10 > 0) continue
    const anew = new ClusterState()
    for (const each of nodes.values()) anew.setNode(each)
    for (const { pod: each, on } of placed.values()) anew.setPod(podInfoOf(each), on)
    expect(countsOf(cluster)).toEqual(countsOf(anew))
  }
})

test('a placed pod follows its status', () => {
  const placed = pod('p')
  const cluster = clusterOf([node('n')], { n: [placed] })
  cluster.refresh('default/p', { ...placed, status: { startTime: '2026-01-01T12:00:00Z' } })
  expect(cluster.placed('default/p')?.pod.status?.startTime).toBe('2026-01-01T12:00:00Z')
  const other = { ...placed, metadata: { ...placed.metadata, uid: 'another' }, status: {} }
  cluster.refresh('default/p', other)
  expect(cluster.placed('default/p')?.pod.status?.startTime).toBe('2026-01-01T12:00:00Z')
})
