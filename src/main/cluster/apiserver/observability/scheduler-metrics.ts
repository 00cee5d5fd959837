import { family, Histogram, labelText, samples } from '#shared/base/prometheus-text.ts'

/** 1 ms to 16 s, each twice the one before, as Kubernetes'. */
const seconds = Array.from({ length: 15 }, (_, exponent) => 2 ** exponent / 1000)
/** 0.1 ms to 0.2 s. */
const stepSeconds = Array.from({ length: 12 }, (_, exponent) => 2 ** exponent / 10_000)
/** 10 ms to 91 minutes. */
const longSeconds = Array.from({ length: 20 }, (_, exponent) => 2 ** exponent / 100)
const tries = [1, 2, 4, 8, 16]
const victimCounts = [1, 2, 4, 8, 16, 32, 64]
const profile = 'default-scheduler'

/** The result of one scheduling attempt. */
interface SchedulingAttempt {
  result: 'scheduled' | 'unschedulable' | 'error'
  choiceMs: number
  ms: number
  attempts: number
  sinceCreationMs: number
}

/** One step of an attempt: `Filter`, `Score`, `Bind` … */
interface SchedulingStep {
  point: string
  status: string
  profile: string
  ms: number
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
  readonly #steps = new Map<string, { labels: string; times: Histogram }>()
  readonly #victims = new Histogram(victimCounts)
  readonly #incoming = new Map<string, number>()
  #preemptions = 0
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

  readonly observePoint = ({ point, status, profile, ms }: SchedulingStep): void => {
    const key = `${point} ${status} ${profile}`
    let step = this.#steps.get(key)
    if (!step) {
      const labels = labelText({ extension_point: point, profile, status })
      this.#steps.set(key, (step = { labels, times: new Histogram(stepSeconds) }))
    }
    step.times.observe(ms / 1000)
  }

  /** Counts an attempt to make room for a pod. @param victims how many pods are ended for it; 0: none would help */
  readonly preempted = (victims: number): void => {
    this.#preemptions++
    if (victims > 0) this.#victims.observe(victims)
  }

  /** Counts a pod that enters a queue. @param event what brought it there: `PodAdd`, `BackoffComplete` … */
  readonly queued = (queue: string, event: string): void => {
    const labels = labelText({ event, queue })
    this.#incoming.set(labels, (this.#incoming.get(labels) ?? 0) + 1)
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
    const step = 'scheduler_framework_extension_point_duration_seconds'
    const perPod = 'scheduler_pod_scheduling_attempts'
    const wait = 'scheduler_pod_scheduling_sli_duration_seconds'
    const pending = 'scheduler_pending_pods'
    const preemptions = 'scheduler_preemption_attempts_total'
    const victims = 'scheduler_preemption_victims'
    const incoming = 'scheduler_queue_incoming_pods_total'
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
      family(
        step,
        'Length of the steps of an attempt, by extension point.',
        'histogram',
        [...this.#steps.values()].map(({ labels, times }) => times.text(step, labels)).join(''),
      ),
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
      family(
        preemptions,
        'Attempts to make room for a pod.',
        'counter',
        samples(preemptions, [['', this.#preemptions]]),
      ),
      family(victims, 'Pods that are ended for another.', 'histogram', this.#victims.text(victims, '')),
      family(
        incoming,
        'Pods that enter a queue, by what brought them there.',
        'counter',
        samples(incoming, this.#incoming),
      ),
    ].join('')
  }
}
