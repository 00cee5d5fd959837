import { describe, expect, test } from 'vitest'
import type { Pod, PodAffinityTerm } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podInfoOf } from '../pod-info.ts'
import { clusterOf, contextOf, node, pod, verdicts, type PodOptions } from '../scheduler.fixture.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'

const zone = 'topology.kubernetes.io/zone'
const nodes = [
  node('a1', { labels: { [zone]: 'a' } }),
  node('a2', { labels: { [zone]: 'a' } }),
  node('b1', { labels: { [zone]: 'b' } }),
  node('nowhere'),
]
const to = (app: string, topologyKey: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
})
const near = (...terms: PodAffinityTerm[]): PodOptions => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
})
const apart = (...terms: PodAffinityTerm[]): PodOptions => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
})
const db = (name: string, options: PodOptions = {}) => pod(name, { labels: { app: 'db' }, ...options })
const refusedNodes = (wanted: ReturnType<typeof pod>, cluster: ReturnType<typeof clusterOf>): string[] =>
  Object.entries(verdicts(interPodAffinity(contextOf()), wanted, cluster))
    .filter(([, verdict]) => typeof verdict === 'string' && verdict !== 'ok')
    .map(([name]) => name)
    .sort()

describe('required affinity', () => {
  test('keeps to the domains of the others', () => {
    const cluster = clusterOf(nodes, { a1: [db('x')] })
    expect(refusedNodes(pod('p', near(to('db', zone))), cluster)).toEqual(['b1', 'nowhere'])
    expect(refusedNodes(pod('p', near(to('db', 'kubernetes.io/hostname'))), cluster)).toEqual(['a2', 'b1', 'nowhere'])
    expect(verdicts(interPodAffinity(contextOf()), pod('p', near(to('db', zone))), cluster)['b1']).toBe(
      "node(s) didn't match pod affinity rules",
    )
  })

  test('counts only pods that every term selects', () => {
    const cluster = clusterOf(nodes, { a1: [db('x')], b1: [pod('y', { labels: { app: 'db', tier: 'gold' } })] })
    const both = near(to('db', zone), { topologyKey: zone, labelSelector: { matchLabels: { tier: 'gold' } } })
    expect(refusedNodes(pod('p', both), cluster)).toEqual(['a1', 'a2', 'nowhere'])
  })

  test('lets the first of a group go anywhere in the topology', () => {
    const first = pod('p', { labels: { app: 'db' }, ...near(to('db', zone)) })
    expect(refusedNodes(first, clusterOf(nodes))).toEqual(['nowhere'])
    expect(refusedNodes(pod('p', near(to('db', zone))), clusterOf(nodes))).toEqual(['a1', 'a2', 'b1', 'nowhere'])
  })

  test('looks only into the namespaces it names', () => {
    const labels = { team: { kind: 'prod' } }
    const cluster = clusterOf(nodes, { a1: [db('x', { namespace: 'team' })] }, labels)
    const all = ['a1', 'a2', 'b1', 'nowhere']
    expect(refusedNodes(pod('p', near(to('db', zone))), cluster)).toEqual(all)
    expect(refusedNodes(pod('p', near(to('db', zone, { namespaces: ['team'] }))), cluster)).toEqual(['b1', 'nowhere'])
    const selected = to('db', zone, { namespaceSelector: { matchLabels: { kind: 'prod' } } })
    expect(refusedNodes(pod('p', near(selected)), cluster)).toEqual(['b1', 'nowhere'])
    const every = to('db', zone, { namespaceSelector: {} })
    expect(refusedNodes(pod('p', near(every)), cluster)).toEqual(['b1', 'nowhere'])
  })
})

describe('required anti-affinity', () => {
  test('keeps away from the domains of the others', () => {
    const cluster = clusterOf(nodes, { a1: [db('x')] })
    expect(refusedNodes(pod('p', apart(to('db', zone))), cluster)).toEqual(['a1', 'a2'])
    expect(refusedNodes(pod('p', apart(to('db', 'kubernetes.io/hostname'))), cluster)).toEqual(['a1'])
  })

  test('of a placed pod keeps newcomers away, until it is gone', () => {
    const cluster = clusterOf(nodes, { a1: [pod('loner', apart(to('db', zone)))] })
    expect(refusedNodes(db('p'), cluster)).toEqual(['a1', 'a2'])
    expect(refusedNodes(pod('p'), cluster)).toEqual([])
    expect(verdicts(interPodAffinity(contextOf()), db('p'), cluster)['a1']).toBe(
      "node(s) didn't satisfy existing pods anti-affinity rules",
    )
    cluster.removePod('default/loner')
    expect(refusedNodes(db('p'), cluster)).toEqual([])
  })

  test('follows a node whose label changes', () => {
    const cluster = clusterOf(nodes, { a1: [db('x')] })
    const wanted = pod('p', apart(to('db', zone)))
    expect(refusedNodes(wanted, cluster)).toEqual(['a1', 'a2'])
    cluster.setNode(node('a1', { labels: { [zone]: 'b' } }))
    expect(refusedNodes(wanted, cluster)).toEqual(['a1', 'b1'])
  })
})

describe('preferences', () => {
  const weighted = (weight: number, podAffinityTerm: PodAffinityTerm) => ({ weight, podAffinityTerm })

  test('pull and push, by their weights and by how many pods there are', () => {
    const cluster = clusterOf(nodes, { a1: [db('x'), db('y')], b1: [db('z')] })
    const pulled = pod('p', {
      affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted(10, to('db', zone))] } },
    })
    expect(verdicts(interPodAffinity(contextOf()), pulled, cluster)).toEqual({ a1: 100, a2: 100, b1: 50, nowhere: 0 })
    const pushed = pod('p', {
      affinity: {
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted(10, to('db', zone))] },
      },
    })
    expect(verdicts(interPodAffinity(contextOf()), pushed, cluster)).toEqual({ a1: 0, a2: 0, b1: 50, nowhere: 100 })
  })

  test('of placed pods count for the newcomer', () => {
    const wishing = pod('w', {
      affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [weighted(5, to('db', zone))] } },
    })
    expect(verdicts(interPodAffinity(contextOf()), db('p'), clusterOf(nodes, { b1: [wishing] }))).toEqual({
      a1: 0,
      a2: 0,
      b1: 100,
      nowhere: 0,
    })
  })
})

describe('terms by the keys of labels', () => {
  const versions = { a1: [db('old', { labels: { app: 'db', version: '1' } })] }
  const wanted = (term: object) =>
    pod('p', { labels: { app: 'db', version: '2' }, ...apart({ ...to('db', zone), ...term }) })

  test('matchLabelKeys: only pods with the same values', () => {
    const cluster = clusterOf(nodes, versions)
    expect(refusedNodes(wanted({}), cluster)).toEqual(['a1', 'a2'])
    expect(refusedNodes(wanted({ matchLabelKeys: ['version'] }), cluster)).toEqual([])
    expect(refusedNodes(wanted({ matchLabelKeys: ['missing'] }), cluster)).toEqual(['a1', 'a2'])
  })

  test('mismatchLabelKeys: only pods with other values', () => {
    const cluster = clusterOf(nodes, versions)
    expect(refusedNodes(wanted({ mismatchLabelKeys: ['version'] }), cluster)).toEqual(['a1', 'a2'])
    expect(refusedNodes(wanted({ mismatchLabelKeys: ['app'] }), cluster)).toEqual([])
  })
})

describe('the arguments of the profile', () => {
  const nearDb = pod('w', near(to('db', zone)))
  const scores = (
    args: { hardPodAffinityWeight: number; ignorePreferredTermsOfExistingPods: boolean },
    wanted = db('p'),
  ) => verdicts(interPodAffinity(contextOf({}, { InterPodAffinity: args })), wanted, clusterOf(nodes, { b1: [nearDb] }))

  test('a required term of a placed pod attracts, by its weight', () => {
    expect(scores({ hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false })['b1']).toBe(100)
    expect(scores({ hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: false })['b1']).toBe('ok')
  })

  test('wishes of placed pods may be left out of account', () => {
    expect(scores({ hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: true })['b1']).toBe('ok')
  })
})

describe('what may help', () => {
  const plugin = interPodAffinity(contextOf())
  const cluster = clusterOf(nodes)
  const helps = (type: 'pod-added' | 'pod-removed', other: Stored<Pod>, wanted: Stored<Pod>): boolean | undefined =>
    plugin.mayHelp?.({ type, node: cluster.node('a1')!, pod: podInfoOf(other) }, podInfoOf(wanted))

  test('is a pod that it wants to be near, the end of one that it avoids, or that avoids it', () => {
    expect(helps('pod-added', db('x'), pod('p', near(to('db', zone))))).toBe(true)
    expect(helps('pod-added', pod('x'), pod('p', near(to('db', zone))))).toBe(false)
    expect(helps('pod-removed', db('x'), pod('p', apart(to('db', zone))))).toBe(true)
    expect(helps('pod-removed', pod('x'), pod('p', apart(to('db', zone))))).toBe(false)
    expect(helps('pod-removed', pod('x', apart(to('db', zone))), db('p'))).toBe(true)
  })

  test('is a node with the topologies that it wants', () => {
    const wanted = podInfoOf(pod('p', near(to('db', zone))))
    expect(plugin.mayHelp?.({ type: 'node-added', node: cluster.node('a1')! }, wanted)).toBe(true)
    expect(plugin.mayHelp?.({ type: 'node-added', node: cluster.node('nowhere')! }, wanted)).toBe(false)
  })
})
