import { expect, test } from 'vitest'
import { NodeFilter, type Planned, type Rejection } from './node-filter.ts'
import { NodeMemory } from './node-memory.ts'
import { NominatedPods } from './nominated-pods.ts'
import { podInfoOf, type PodInfo } from './pod-info.ts'
import { findPreemption, type PreemptionMemory } from './preemption.ts'
import { clusterOf, defaultPlugins, node, pod, type PodOptions } from './scheduler.fixture.ts'

const names = ['a', 'b', 'c', 'd']

/** A reproducible sequence of whole numbers below a bound. */
function chances(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    // The low bits of such a sequence repeat soon.
    return Math.floor((state / 2 ** 31) * below)
  }
}

const wanted: PodOptions[] = [
  { requests: { cpu: '3' }, priority: 10 },
  { requests: { cpu: '3' }, priority: 5 },
  { requests: { cpu: '1' }, priority: 10, nodeSelector: { disk: 'ssd' } },
  { priority: 10, tolerations: [{ operator: 'Exists' }] },
  { priority: 10, containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] },
]

test('what is remembered of nodes is what is found anew, under many random changes', () => {
  const random = chances(11)
  const cluster = clusterOf(names.map((name) => node(name)))
  const nominated = new NominatedPods()
  const memory = new NodeMemory<Rejection | undefined>()
  const victims: PreemptionMemory = new NodeMemory()
  const plugins = defaultPlugins()
  const filterFor = (info: PodInfo, remembered?: typeof memory): NodeFilter => {
    const plans = plugins.flatMap((each): Planned[] => {
      const plan = each.plugin.plan?.(info, cluster)
      return plan ? [{ ...each, plan }] : []
    })
    return new NodeFilter({ pod: info, plans, cluster, nominated, ...(remembered ? { memory: remembered } : {}) })
  }
  const preempt = (info: PodInfo, filter: NodeFilter, remembered?: PreemptionMemory): unknown => {
    const candidates = cluster.nodes.filter((each) => filter.verdict(each)?.refusal.resolvable)
    const found = findPreemption(
      info,
      { total: names.length, candidates, filter },
      {
        cluster,
        nominated,
        budgets: () => [],
        candidates: { share: 0.1, least: 100 },
        now: 0,
        random: () => 0,
        ...(remembered ? { memory: remembered } : {}),
      },
    )
    return 'victims' in found ? [found.node.name, found.victims.map(({ key }) => key)] : found
  }
  const change = (): void => {
    const at = names[random(names.length)] ?? 'a'
    const name = `p${random(12)}`
    switch (random(5)) {
      case 0:
        cluster.setNode(
          node(at, {
            labels: random(2) ? { disk: 'ssd' } : {},
            unschedulable: random(4) === 0,
            ...(random(3) ? {} : { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
          }),
        )
        break
      case 1:
        cluster.removePod(`default/${name}`)
        break
      case 2:
        nominated.set(podInfoOf(pod('other', { priority: 20, requests: { cpu: '2' } })), at)
        break
      case 3:
        nominated.remove('default/other')
        break
      default: {
        const port = random(3) ? {} : { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] }
        const made = pod(name, { priority: random(9), requests: { cpu: `${random(3)}` }, ...port })
        made.metadata.uid = `${name}-${random(1e9)}`
        cluster.setPod(podInfoOf(made), at)
      }
    }
  }

  for (let step = 0; step < 400; step++) {
    change()
    for (const [index, options] of wanted.entries()) {
      const info = podInfoOf(pod(`wanted-${index}`, options))
      const fresh = filterFor(info)
      const remembering = filterFor(info, memory)
      const verdicts = (filter: NodeFilter) => cluster.nodes.map((each) => filter.verdict(each)?.refusal.reasons)
      expect(verdicts(remembering)).toEqual(verdicts(fresh))
      expect(preempt(info, remembering, victims)).toEqual(preempt(info, fresh))
    }
  }
})

test('kinds of pods that were not seen for long are forgotten', () => {
  const memory = new NodeMemory<number>()
  const [there] = clusterOf([node('n')]).nodes
  let looked = 0
  const look = (cpu: number): void => {
    memory.of(podInfoOf(pod('p', { requests: { cpu: String(cpu) } }))).get(there!, () => looked++)
  }
  look(1)
  look(1)
  expect(looked).toBe(1)
  for (let cpu = 2; cpu < 30; cpu++) look(cpu)
  look(1)
  expect(looked).toBe(30)
})
