import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { quantityMillis, quantityValue } from '#shared/kube/quantity.ts'
import type { ContainerStats, CpuStats, PodStats, StatsSummary } from '#shared/kube/stats-summary.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

/** What a kubelet would report of a simulated node: every container uses what it requests, or a little. */
export function simulatedSummary(node: string, pods: readonly Stored<Pod>[], now: number): StatsSummary {
  const running = pods.filter(({ status }) => status?.phase === 'Running')
  const list = running.map((pod) => podStats(pod, now))
  const sum = (valueOf: (pod: PodStats) => number | undefined): number =>
    list.reduce((total, pod) => total + (valueOf(pod) ?? 0), 0)
  const time = timestamp(now)
  return {
    node: {
      nodeName: node,
      startTime: timestamp(0),
      cpu: {
        time,
        usageNanoCores: sum(({ cpu }) => cpu?.usageNanoCores),
        usageCoreNanoSeconds: sum(({ cpu }) => cpu?.usageCoreNanoSeconds),
      },
      memory: { time, workingSetBytes: sum(({ memory }) => memory?.workingSetBytes) },
    },
    pods: list,
  }
}

const idleMillicores = 10
const idleBytes = 32 * 2 ** 20

function podStats({ metadata, spec, status }: Stored<Pod>, now: number): PodStats {
  const startTime = status?.startTime ?? timestamp(now)
  const time = timestamp(now)
  const upSeconds = Math.max(0, (now - Date.parse(startTime)) / 1_000)
  const cpuOf = (millicores: number): CpuStats => ({
    time,
    usageNanoCores: millicores * 1e6,
    usageCoreNanoSeconds: Math.round(millicores * 1e6 * upSeconds),
  })
  let millicores = 0
  let bytes = 0
  const containers = (spec?.containers ?? []).map(({ name, resources }): ContainerStats => {
    const { cpu, memory } = resources?.requests ?? {}
    const used = cpu === undefined ? idleMillicores : quantityMillis(cpu)
    const held = memory === undefined ? idleBytes : quantityValue(memory)
    millicores += used
    bytes += held
    return { name, startTime, cpu: cpuOf(used), memory: { time, usageBytes: held, workingSetBytes: held } }
  })
  return {
    podRef: { name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid },
    startTime,
    containers,
    cpu: cpuOf(millicores),
    memory: { time, usageBytes: bytes, workingSetBytes: bytes },
  }
}
