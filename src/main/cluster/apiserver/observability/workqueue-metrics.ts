import type { Reconciled } from '#shared/reconcile/controller.ts'
import { family, Histogram, labelText, samples } from '#shared/base/prometheus-text.ts'

/** 10 ns to 1000 s, as Kubernetes'. */
const bounds = Array.from({ length: 12 }, (_, exponent) => Number(`1e${exponent - 8}`))

interface Queue {
  depth: number
  retries: number
  waited: Histogram
  seconds: Histogram
}

/** Metrics of the controllers' work queues, from their reconciles. */
export class WorkqueueMetrics {
  readonly #queues = new Map<string, Queue>()

  readonly observe = ({ controller, waitedMs, ms, result, depth }: Reconciled): void => {
    let queue = this.#queues.get(controller)
    if (!queue) {
      queue = { depth: 0, retries: 0, waited: new Histogram(bounds), seconds: new Histogram(bounds) }
      this.#queues.set(controller, queue)
    }
    queue.depth = depth
    queue.waited.observe(waitedMs / 1000)
    queue.seconds.observe(ms / 1000)
    if (result !== 'done' && result !== 'terminal') queue.retries++
  }

  text(): string {
    const all = [...this.#queues].map(([name, queue]) => ({ labels: labelText({ name }), ...queue }))
    const of = (value: (queue: Queue) => number): [string, number][] => all.map((queue) => [queue.labels, value(queue)])
    const depth = 'workqueue_depth'
    const adds = 'workqueue_adds_total'
    const retries = 'workqueue_retries_total'
    const wait = 'workqueue_queue_duration_seconds'
    const work = 'workqueue_work_duration_seconds'
    return [
      family(
        depth,
        'Keys that wait.',
        'gauge',
        samples(
          depth,
          of((queue) => queue.depth),
        ),
      ),
      // Everything added has been processed or waits.
      family(
        adds,
        'Keys added.',
        'counter',
        samples(
          adds,
          of(({ seconds, depth }) => seconds.count + depth),
        ),
      ),
      family(
        retries,
        'Keys put back after a reconcile.',
        'counter',
        samples(
          retries,
          of((queue) => queue.retries),
        ),
      ),
      family(
        wait,
        'How long keys waited.',
        'histogram',
        all.map(({ waited, labels }) => waited.text(wait, labels)).join(''),
      ),
      family(
        work,
        'Length of a reconcile.',
        'histogram',
        all.map(({ seconds, labels }) => seconds.text(work, labels)).join(''),
      ),
    ].join('')
  }
}
