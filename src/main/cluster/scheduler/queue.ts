import type { Clock } from '#shared/base/clock.ts'
import type { Change } from './cluster-state.ts'
import type { Plugin } from './framework.ts'
import { Heap } from './heap.ts'
import type { PodInfo } from './pod-info.ts'

/** A pod that waits for a node. */
export interface Waiting {
  pod: PodInfo
  /** Its queue: ready to schedule; in back-off; unschedulable until something changes; gated; being scheduled. */
  state: 'active' | 'backoff' | 'unschedulable' | 'held' | 'trying' | 'gone'
  /** Plugins that rejected it in the last attempt. */
  refusedBy: ReadonlySet<Plugin>
  attempts: number
  /** When it was queued, ms: of two pods of the same priority the older one goes first. */
  since: number
  /** When its back-off ends, ms. */
  retryAt: number
}

/** Pods that wait, under the names that Kubernetes' metrics have for the queues. */
export type Pending = Record<'active' | 'backoff' | 'unschedulable' | 'gated', number>

/** An unschedulable pod is retried after this long even if nothing changes. */
const longestWait = 300_000

export interface QueueOptions {
  clock: Clock
  /** Called whenever a pod has become ready to schedule. */
  onReady(): void
  /** Back-off after the first attempt, doubled with each further one up to the longest; 1 s and 10 s when unset. */
  initialBackoffMs?: number
  maxBackoffMs?: number
}

/**
 * Pods in scheduling order: by priority, then by age. Rejected pods wait until something changes that may help them, and
 * at least for their back-off.
 */
export class SchedulingQueue {
  readonly #clock: Clock
  readonly #onReady: () => void
  readonly #initialBackoffMs: number
  readonly #maxBackoffMs: number
  readonly #byKey = new Map<string, Waiting>()
  readonly #active = new Heap<Waiting>((a, b) => b.pod.priority - a.pod.priority || a.since - b.since)
  readonly #backoff = new Heap<Waiting>((a, b) => a.retryAt - b.retryAt)
  readonly #unschedulable = new Set<Waiting>()
  #stopTimer: (() => void | Promise<void>) | undefined
  #timerAt = Infinity

  constructor({ clock, onReady, initialBackoffMs = 1_000, maxBackoffMs = 10_000 }: QueueOptions) {
    this.#clock = clock
    this.#onReady = onReady
    this.#initialBackoffMs = initialBackoffMs
    this.#maxBackoffMs = maxBackoffMs
  }

  /** Number of pods by queue. */
  count(): Pending {
    const pending: Pending = { active: 0, backoff: 0, unschedulable: 0, gated: 0 }
    for (const { state } of this.#byKey.values()) {
      if (state === 'held') pending.gated++
      else if (state !== 'trying' && state !== 'gone') pending[state]++
    }
    return pending
  }

  /** Number of pods ready to schedule. */
  get ready(): number {
    return this.#active.size
  }

  /** Adds a pod, or updates one that waits: a rejected one may be schedulable after the update. */
  put(pod: PodInfo, { held }: { held: boolean }): void {
    const known = this.#byKey.get(pod.key)
    if (known && known.pod.uid === pod.uid) {
      known.pod = pod
      if (known.state === 'trying') return
      // Its position in a heap may depend on what has changed.
      known.state = 'gone'
      this.#unschedulable.delete(known)
    }
    const same = known?.pod.uid === pod.uid ? known : undefined
    const waiting: Waiting = {
      pod,
      state: 'held',
      refusedBy: new Set(),
      attempts: same?.attempts ?? 0,
      since: same?.since ?? this.#clock.now(),
      retryAt: same?.retryAt ?? 0,
    }
    if (known && known !== same) this.remove(pod.key)
    this.#byKey.set(pod.key, waiting)
    if (!held) this.#retry(waiting)
  }

  /** Updates the pod where the change does not affect scheduling. */
  refresh(pod: PodInfo): void {
    const known = this.#byKey.get(pod.key)
    if (known?.pod.uid === pod.uid) known.pod = pod
  }

  get(key: string): Waiting | undefined {
    return this.#byKey.get(key)
  }

  remove(key: string): void {
    const known = this.#byKey.get(key)
    if (!known) return
    known.state = 'gone'
    this.#byKey.delete(key)
    this.#unschedulable.delete(known)
  }

  /** Takes the next pod to schedule; it stays known until `remove` or `refuse`. */
  take(): Waiting | undefined {
    for (let next = this.#active.pop(); next; next = this.#active.pop()) {
      if (next.state !== 'active') continue
      next.state = 'trying'
      next.attempts++
      return next
    }
    return undefined
  }

  /** No node fits: the pod waits for a change that one of the rejecting plugins considers helpful. */
  refuse(waiting: Waiting, refusedBy: ReadonlySet<Plugin>): void {
    if (waiting.state === 'gone') return
    waiting.state = 'unschedulable'
    waiting.refusedBy = refusedBy
    waiting.retryAt = this.#clock.now() + this.#backoffOf(waiting)
    this.#unschedulable.add(waiting)
    this.#arm(this.#clock.now() + longestWait)
  }

  /** The attempt failed for a reason other than fit: it is repeated after the back-off. */
  retryLater(waiting: Waiting): void {
    if (waiting.state === 'gone') return
    waiting.retryAt = this.#clock.now() + this.#backoffOf(waiting)
    this.#retry(waiting)
  }

  /** Requeues one pod if it waits for a change. */
  activate(key: string): void {
    const waiting = this.#byKey.get(key)
    if (waiting?.state === 'unschedulable') this.#wake(waiting)
  }

  /** Requeues the pods that `change` may make schedulable. */
  changed(change: Change): void {
    for (const waiting of this.#unschedulable) if (mayHelp(change, waiting)) this.#wake(waiting)
  }

  stop(): void {
    void this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #wake(waiting: Waiting): void {
    this.#unschedulable.delete(waiting)
    this.#retry(waiting)
  }

  #retry(waiting: Waiting): void {
    if (waiting.retryAt > this.#clock.now()) {
      waiting.state = 'backoff'
      this.#backoff.push(waiting)
      this.#arm(waiting.retryAt)
      return
    }
    waiting.state = 'active'
    this.#active.push(waiting)
    this.#onReady()
  }

  #backoffOf({ attempts }: Waiting): number {
    return Math.min(this.#initialBackoffMs * 2 ** Math.max(0, attempts - 1), this.#maxBackoffMs)
  }

  /** One timer for back-offs and retries. */
  #arm(at: number): void {
    if (at >= this.#timerAt) return
    void this.#stopTimer?.()
    this.#timerAt = at
    this.#stopTimer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#timePassed())
  }

  #timePassed(): void {
    this.#timerAt = Infinity
    const now = this.#clock.now()
    for (let next = this.#backoff.peek(); next && next.retryAt <= now; next = this.#backoff.peek()) {
      this.#backoff.pop()
      if (next.state === 'backoff') this.#retry(next)
    }
    for (const waiting of this.#unschedulable) if (waiting.retryAt + longestWait <= now) this.#wake(waiting)
    const next = this.#backoff.peek()
    if (next) this.#arm(next.retryAt)
    for (const { retryAt } of this.#unschedulable) {
      this.#arm(retryAt + longestWait)
      break
    }
  }
}

/** A pod that no plugin rejected found no nodes at all. */
function mayHelp(change: Change, { pod, refusedBy }: Waiting): boolean {
  if (refusedBy.size === 0) return change.type === 'node-added'
  for (const plugin of refusedBy) if (plugin.mayHelp?.(change, pod)) return true
  return false
}
