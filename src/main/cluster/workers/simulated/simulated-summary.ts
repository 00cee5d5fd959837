import type { Container, Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import type { ContainerStats, CpuStats, MemoryStats, PodStats, StatsSummary } from '#shared/kube/stats-summary.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { behaviourOf, containersOf, layersOf, type SettingLayers } from './behaviour.ts'
import { usageAt, usageCurve, usedUntil, type UsageCurve } from './usage.ts'

/** A pod of a simulated node, with its containers that run. */
export interface RunningPod {
  pod: Stored<Pod>
  /** `since`: ms since the epoch. */
  containers: readonly { name: string; since: number; startedAt: string }[]
}

/** Usage of the node's own programs, in cores and bytes. */
const system: { cpu: UsageCurve; memory: UsageCurve } = {
  cpu: { mean: 0.05, waves: [] },
  memory: { mean: 256 * 2 ** 20, waves: [] },
}

/** What 100 % of a request is where there is none: in cores and bytes. */
const unrequested = { cpu: 0.01, memory: 32 * 2 ** 20 }

/** What the kubelet of a simulated node answers at `/stats/summary`: the usage that its pods' settings describe. */
export function simulatedSummary(
  node: Stored<Node>,
  running: readonly RunningPod[],
  { layers, now }: { layers: SettingLayers; now: number },
): StatsSummary {
  const pods = running.map((each) => podStats(each, layers, now))
  const begun = Date.parse(node.metadata.creationTimestamp ?? timestamp(now))
  const own = { cpu: cpuStats(system.cpu, begun, now), memory: memoryStats(system.memory, begun, now) }
  const { cpu, memory } = sumOf([own, ...pods], now)
  const capacity = quantityValue(node.status?.capacity?.memory ?? '0')
  return {
    node: {
      nodeName: node.metadata.name,
      startTime: timestamp(begun),
      cpu,
      memory: { ...memory, availableBytes: Math.max(0, capacity - (memory.workingSetBytes ?? 0)) },
    },
    pods,
  }
}

function podStats({ pod, containers: running }: RunningPod, others: SettingLayers, now: number): PodStats {
  const { layers } = layersOf(pod, others)
  const { name, namespace, uid } = pod.metadata
  const containers = containersOf(pod).flatMap(({ container, kind }): ContainerStats[] => {
    const run = running.find((each) => each.name === container.name)
    if (!run) return []
    const { cpu, memory } = behaviourOf(container, kind, pod, layers)
    const seed = seedOf(`${uid}/${container.name}`)
    return [
      {
        name: container.name,
        startTime: run.startedAt,
        cpu: cpuStats(usageCurve(cpu, scaleOf(container, 'cpu'), seed), run.since, now),
        memory: memoryStats(usageCurve(memory, scaleOf(container, 'memory'), seed), run.since, now),
      },
    ]
  })
  return {
    podRef: { name, namespace: namespace ?? '', uid },
    startTime: pod.status?.startTime ?? timestamp(now),
    containers,
    ...sumOf(containers, now),
  }
}

function scaleOf({ resources = {} }: Container, resource: 'cpu' | 'memory'): Parameters<typeof usageCurve>[1] {
  const valueOf = (quantity: string): number =>
    resource === 'cpu' ? quantityMillis(quantity) / 1_000 : quantityValue(quantity)
  const limit = resources.limits?.[resource]
  const request = resources.requests?.[resource] ?? limit
  return {
    request: request === undefined ? unrequested[resource] : valueOf(request),
    limit: limit === undefined ? Infinity : valueOf(limit),
    valueOf,
  }
}

function cpuStats(curve: UsageCurve, since: number, now: number): CpuStats {
  const ms = Math.max(0, now - since)
  return {
    time: timestamp(now),
    usageNanoCores: Math.round(usageAt(curve, ms) * 1e9),
    usageCoreNanoSeconds: Math.round(usedUntil(curve, ms) * 1e9),
  }
}

function memoryStats(curve: UsageCurve, since: number, now: number): MemoryStats {
  const workingSetBytes = Math.round(usageAt(curve, Math.max(0, now - since)))
  return { time: timestamp(now), usageBytes: workingSetBytes, workingSetBytes, rssBytes: workingSetBytes }
}

function sumOf(
  parts: readonly { cpu?: CpuStats; memory?: MemoryStats }[],
  now: number,
): { cpu: CpuStats; memory: MemoryStats } {
  const time = timestamp(now)
  const cpu = { time, usageNanoCores: 0, usageCoreNanoSeconds: 0 }
  const memory = { time, usageBytes: 0, workingSetBytes: 0, rssBytes: 0 }
  for (const part of parts) {
    cpu.usageNanoCores += part.cpu?.usageNanoCores ?? 0
    cpu.usageCoreNanoSeconds += part.cpu?.usageCoreNanoSeconds ?? 0
    memory.usageBytes += part.memory?.usageBytes ?? 0
    memory.workingSetBytes += part.memory?.workingSetBytes ?? 0
    memory.rssBytes += part.memory?.rssBytes ?? 0
  }
  return { cpu, memory }
}

/** A number from a name, for the phases of its noise. */
function seedOf(text: string): number {
  let seed = 0
  for (let index = 0; index < text.length; index++) seed = (Math.imul(seed, 31) + text.charCodeAt(index)) >>> 0
  return seed / 2 ** 32
}
