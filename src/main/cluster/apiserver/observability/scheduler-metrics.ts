import { family, Histogram, labelText, samples } from '#shared/base/prometheus-text.ts'

/** 1 ms to 16 s, each twice the one before, as Kubernetes'. */
const seconds = Array.from({ length: 15 }, (_, exponent) => 2 ** exponent / 1000)
/** 10 ms to 91 minutes. */
const longSeconds = Array.from({ length: 20 }, (_, exponent) => 2 ** exponent / 100)
const tries = [1, 2, 4, 8, 16]
const profile = 'default-scheduler'

/** The result of one scheduling attempt. */
interface SchedulingAttempt {
  result: 'scheduled' | 'unschedulable' | 'error'
  choiceMs: number
  ms: number
  attempts: number
  sinceCreationMs: number
}

type Pending = Readonly<Record<'active' | 'backoff' | 'unschedulable' | 'gated', number>>

/** Metrics of the scheduler, by the names of kube-scheduler. */
export class SchedulerMetrics {
  readonly #attempts = new Map<SchedulingAttempt['result'], Histogram>(
    (['scheduled', 'unschedulable', 'error'] as const).map((result) => [result, new Histogram(seconds)]),
  )
  readonly #choices = new Histogram(seconds)
  readonly #tries = new Histogram(tries)
  readonly #waits = new Map<number, Histogram>()
  #pending: () => Pending = () => ({ active: 0, backoff: 0, unschedulable: 0, gated: 0 })

  readonly observe = ({ result, choiceMs, ms, attempts, sinceCreationMs }: SchedulingAttempt): void => {
    this.#attempts.get(result)?.observe(ms / 1000)
    this.#choices.observe(choiceMs / 1000)
    if (result !== 'scheduled') return
    this.#tries.observe(attempts)
    const most = Math.min(attempts, tries.at(-1) ?? attempts)
    let waits = this.#waits.get(most)
    if (!waits) this.#waits.set(most, (waits = new Histogram(longSeconds)))
    waits.observe(sinceCreationMs / 1000)
  }

  /** Sets the source of the numbers of waiting pods. */
  countPending(pending: () => Pending): void {
    this.#pending = pending
  }

  text(): string {
    const results = [...this.#attempts].map(([result, times]) => ({ labels: labelText({ profile, result }), times }))
    const attempts = 'scheduler_schedule_attempts_total'
    const duration = 'scheduler_scheduling_attempt_duration_seconds'
    const choice = 'scheduler_scheduling_algorithm_duration_seconds'
    const perPod = 'scheduler_pod_scheduling_attempts'
    const wait = 'scheduler_pod_scheduling_sli_duration_seconds'
    const pending = 'scheduler_pending_pods'
    return [
      family(
        attempts,
        'Attempts to schedule a pod, by result.',
        'counter',
        samples(
          attempts,
          results.map(({ labels, times }): [string, number] => [labels, times.count]),
        ),
      ),
      family(
        duration,
        'Length of an attempt, the binding included.',
        'histogram',
        results.map(({ labels, times }) => times.text(duration, labels)).join(''),
      ),
      family(choice, 'Length of the choice of a node.', 'histogram', this.#choices.text(choice, '')),
      family(perPod, 'Attempts that it took to schedule a pod.', 'histogram', this.#tries.text(perPod, '')),
      family(
        wait,
        'From the coming of a pod to its binding.',
        'histogram',
        [...this.#waits].map(([most, times]) => times.text(wait, labelText({ attempts: String(most) }))).join(''),
      ),
      family(
        pending,
        'Pods that wait, by queue.',
        'gauge',
        samples(
          pending,
          Object.entries(this.#pending()).map(([queue, count]): [string, number] => [labelText({ queue }), count]),
        ),
      ),
    ].join('')
  }
}
