import { createFamilies, family, Histogram, labelText } from '#shared/base/prometheus-text.ts'
import type { PriorityLevel, Refusal } from './level.ts'

/** Seconds, as Kubernetes' buckets. */
const bounds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]

/** What is measured of the requests of one FlowSchema at one priority level. */
export class FlowCounts {
  readonly labels: { flow_schema: string; priority_level: string }
  dispatched = 0
  executing = 0
  seats = 0
  waiting = 0
  readonly rejected = new Map<Refusal, number>()
  readonly waited = new Histogram(bounds)
  readonly executed = new Histogram(bounds)

  constructor(schema: string, level: string) {
    this.labels = { flow_schema: schema, priority_level: level }
  }

  reject(why: Refusal): void {
    this.rejected.set(why, (this.rejected.get(why) ?? 0) + 1)
  }
}

const prefix = 'apiserver_flowcontrol_'

/** The metrics of priority and fairness in the Prometheus text format, by the names of Kubernetes. */
export function flowMetrics(flows: Iterable<FlowCounts>, levels: Iterable<PriorityLevel>): string {
  const families = createFamilies()
  const all = [...flows]
  for (const { labels, dispatched, executing, seats, waiting, rejected } of all) {
    families.add(`${prefix}dispatched_requests_total`, 'Requests started.', 'counter', { labels, value: dispatched })
    for (const [reason, value] of rejected)
      families.add(`${prefix}rejected_requests_total`, 'Requests refused.', 'counter', {
        labels: { ...labels, reason },
        value,
      })
    families.add(`${prefix}current_executing_requests`, 'Requests under way.', 'gauge', { labels, value: executing })
    families.add(`${prefix}current_executing_seats`, 'Seats of the requests under way.', 'gauge', {
      labels,
      value: seats,
    })
    families.add(`${prefix}current_inqueue_requests`, 'Requests that wait.', 'gauge', { labels, value: waiting })
  }
  for (const level of levels) {
    const labels = { priority_level: level.name }
    families.add(`${prefix}nominal_limit_seats`, 'Seats when all levels are busy.', 'gauge', {
      labels,
      value: level.seats.nominal,
    })
    families.add(`${prefix}lower_limit_seats`, 'Seats that are not lent.', 'gauge', {
      labels,
      value: level.seats.lower,
    })
    families.add(`${prefix}upper_limit_seats`, 'Most seats, with borrowed ones.', 'gauge', {
      labels,
      value: level.seats.upper,
    })
  }
  return [
    families.text(),
    histogram(all, 'request_wait_duration_seconds', 'How long requests waited.', ({ waited }) => waited),
    histogram(all, 'request_execution_duration_seconds', 'How long requests took.', ({ executed }) => executed),
  ].join('')
}

function histogram(
  flows: readonly FlowCounts[],
  name: string,
  help: string,
  of: (flow: FlowCounts) => Histogram,
): string {
  const texts = flows
    .filter((flow) => of(flow).count > 0)
    .map((flow) => of(flow).text(prefix + name, labelText(flow.labels)))
  return family(prefix + name, help, 'histogram', texts.join(''))
}
