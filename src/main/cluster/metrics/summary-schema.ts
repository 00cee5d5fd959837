import { z } from 'zod'
import type { StatsSummary } from '#shared/kube/stats-summary.ts'

/** A count of bytes, packets, ns or nanocores; unsigned in Kubernetes, and imprecise beyond 2^53 here. */
const amount = z.number().min(0).max(Number.MAX_VALUE).exactOptional()
const time = z.string().max(64)
const name = z.string().min(1).max(253)

const cpu = z.object({ time, usageNanoCores: amount, usageCoreNanoSeconds: amount }).exactOptional()
const memory = z.object({ time, availableBytes: amount, usageBytes: amount, workingSetBytes: amount }).exactOptional()
const counters = { rxBytes: amount, txBytes: amount }
const network = z
  .object({
    time,
    name: z.string().max(253).default(''),
    ...counters,
    interfaces: z
      .array(z.object({ name: z.string().max(253), ...counters }))
      .max(1_000)
      .exactOptional(),
  })
  .exactOptional()
const fs = z.object({ time, availableBytes: amount, capacityBytes: amount, usedBytes: amount }).exactOptional()

const container = z.object({ name, startTime: time, cpu, memory, rootfs: fs, logs: fs })
const pod = z.object({
  podRef: z.object({ name, namespace: name, uid: z.string().max(253) }),
  startTime: time,
  containers: z.array(container).max(1_000),
  cpu,
  memory,
  network,
  'ephemeral-storage': fs,
})
/** Of the fields of a summary, those that are kept; the others are dropped. */
const summary = z.object({
  node: z.object({ nodeName: name, startTime: time, cpu, memory, network, fs }),
  pods: z.array(pod).max(10_000),
})

/** Parses a worker's answer at `/stats/summary`. @throws Error when it is not a summary */
export function parseSummary(text: string): StatsSummary {
  const result = summary.safeParse(JSON.parse(text))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Error(`not a summary: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}
