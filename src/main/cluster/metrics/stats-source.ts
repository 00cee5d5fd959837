import type { StatsSummary } from '#shared/kube/stats-summary.ts'

/**
 * How the control plane reads the usage of its workers. Each fleet provides one: Docker workers are asked through their
 * tunnel (`tunnel-stats.ts`), simulated ones compute their figures in process. What it answers is not trusted:
 * the collector checks its shape, and that pods are the node's own.
 */
export interface StatsSource {
  /**
   * Usage of `node` and its pods now; undefined when the node does not tell.
   * @param signal ends the wait
   * @throws Error when the node cannot be asked
   */
  summary(node: string, signal: AbortSignal): Promise<StatsSummary | undefined>
}
