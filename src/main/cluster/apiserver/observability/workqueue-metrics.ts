import type { Clock } from '#shared/base/clock.ts'
import type { Reconciled, Reconciling } from '#shared/reconcile/controller.ts'
import { family, Histogram, labelText, samples } from '#shared/base/prometheus-text.ts'

/** 10 ns to 1000 s, as Kubernetes'. */
const bounds = Array.from({ length: 12 }, (_, exponent) => Number(`1e${exponent - 8}`))

interface Queue {
  depth: number
  retries: number
  waited: Histogram
  seconds: Histogram
  /** When the reconciles that run began, ms, by key. */
  running: Map<string, number>
}

/** Metrics of the controllers' work queues, from their reconciles. */
export class WorkqueueMetrics {
  readonly #clock: Clock
  readonly #queues = new Map<string, Queue>()

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  readonly observe = (event: Reconciling | Reconciled): void => {
    const queue = this.#queueOf(event.controller)
    if (event.result === 'running') {
      queue.running.set(event.key, this.#clock.now())
      return
    }
    queue.running.delete(event.key)
    queue.depth = event.depth
    queue.waited.observe(event.waitedMs / 1000)
    queue.seconds.observe(event.ms / 1000)
    if (event.result !== 'done' && event.result !== 'terminal') queue.retries++
  }

  #queueOf(controller: string): Queue {
    let queue = this.#queues.get(controller)
    if (!queue) {
      queue = {
        depth: 0,
        retries: 0,
        waited: new Histogram(bounds),
        seconds: new Histogram(bounds),
        running: new Map(),
      }
      this.#queues.set(controller, queue)
    }
    return queue
  }

  text(): string {
    const all = [...this.#queues].map(([name, queue]) => ({ labels: labelText({ name }), ...queue }))
    const of = (value: (queue: Queue) => number): [string, number][] => all.map((queue) => [queue.labels, value(queue)])
    const depth = 'workqueue_depth'
    const adds = 'workqueue_adds_total'
    const retries = 'workqueue_retries_total'
    const wait = 'workqueue_queue_duration_seconds'
    const work = 'workqueue_work_duration_seconds'
    const unfinished = 'workqueue_unfinished_work_seconds'
    const longest = 'workqueue_longest_running_processor_seconds'
    const now = this.#clock.now()
    const ages = ({ running }: Queue): number[] => [...running.values()].map((begun) => (now - begun) / 1000)
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
      // Everything added has been processed, is being processed, or waits.
      family(
        adds,
        'Keys added.',
        'counter',
        samples(
          adds,
          of(({ seconds, running, depth }) => seconds.count + running.size + depth),
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
      family(
        unfinished,
        'How long the reconciles that run have taken so far, together.',
        'gauge',
        samples(
          unfinished,
          of((queue) => ages(queue).reduce((sum, age) => sum + age, 0)),
        ),
      ),
      family(
        longest,
        'How long the oldest reconcile that runs has taken so far.',
        'gauge',
        samples(
          longest,
          of((queue) => Math.max(0, ...ages(queue))),
        ),
      ),
    ].join('')
  }
}
