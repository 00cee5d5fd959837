import type { Stop } from '#shared/base/disposable.ts'
import type { RunningCluster } from '#main/cluster/index.ts'
import type { UsageAnswer, UsagePoints, UsageSubject } from '#shared/contract/metrics.ts'

/** Usage of the nodes and pods of one context. */
export interface ContextUsage {
  /** The points after `since` (ms since the epoch) of the last hour. */
  read(subject: UsageSubject, since: number): Promise<UsageAnswer>
  /** The same for one of many rows of a table, where `read` would cost too much. */
  readRow?(subject: UsageSubject, since: number): Promise<UsageAnswer>
  /** Calls `listener` when there may be new points of `subject`, until the returned stop is called. */
  watch(subject: UsageSubject, listener: () => void): Stop
}

/** Usage of a local cluster: its control plane has the history. */
export const clusterUsage = ({ usage }: Pick<RunningCluster, 'usage'>): ContextUsage => ({
  read(subject, since) {
    const { start, stepMs, length, values } = usage.history.read(
      subject.kind === 'Pods' ? usage.podsMatching(subject.namespace, subject.labelSelector) : subject,
      since,
    )
    const answer: UsagePoints = { start, stepMs, length }
    for (const [measure, series] of Object.entries(values)) answer[measure as keyof typeof values] = withNulls(series)
    return Promise.resolve(answer)
  },
  watch: (_, listener) => usage.history.onStep(listener),
})

const withNulls = (series: Float32Array): (number | null)[] =>
  Array.from(series, (value) => (Number.isNaN(value) ? null : value))
