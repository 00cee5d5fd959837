import { createFamilies, type Families, type Sample } from '#shared/base/prometheus-text.ts'
import type { Snapshot, Usage } from './snapshot.ts'

/**
 * The text of `/metrics/resource`, which metrics-server reads: names, labels and units of v1.36
 * (pkg/kubelet/metrics/collectors/resource_metrics.go), with the time of each sample.
 * @param snapshot undefined when the node could not be measured
 */
export function resourceMetrics(snapshot: Snapshot | undefined): string {
  const families = createFamilies()
  const failed = { value: snapshot ? 0 : 1 }
  families.add('scrape_error', '[ALPHA] Whether the usage could not be measured (1) or could (0).', 'gauge', failed)
  families.add(
    'resource_scrape_error',
    '[STABLE] Whether the usage could not be measured (1) or could (0).',
    'gauge',
    failed,
  )
  if (!snapshot) return families.text()
  addUsage(families, 'node', {}, snapshot.node)
  for (const { pod, total, containers } of snapshot.pods) {
    const { namespace, name } = pod.metadata
    addUsage(families, 'pod', { namespace, pod: name }, total)
    for (const container of containers) {
      const labels = { container: container.observed.name, namespace, pod: name }
      addUsage(families, 'container', labels, container)
      const startedAt = Date.parse(container.observed.startedAt ?? '')
      if (startedAt > 0)
        families.add('container_start_time_seconds', '[STABLE] Start of the container, Unix time.', 'gauge', {
          labels,
          value: startedAt / 1_000,
        })
    }
  }
  return families.text()
}

function addUsage(
  families: Families,
  subject: 'node' | 'pod' | 'container',
  labels: Record<string, string>,
  { at, cpuNanos, memory, swap }: Usage,
): void {
  const sample = (value: number): Sample => ({ labels, value, at })
  families.add(
    `${subject}_cpu_usage_seconds_total`,
    `[STABLE] CPU time that the ${subject} has used, core-seconds.`,
    'counter',
    sample(cpuNanos / 1e9),
  )
  families.add(
    `${subject}_memory_working_set_bytes`,
    `[STABLE] Working set of the ${subject}, bytes.`,
    'gauge',
    sample(memory.workingSet),
  )
  families.add(`${subject}_swap_usage_bytes`, `[ALPHA] Swap that the ${subject} uses, bytes.`, 'gauge', sample(swap))
}
