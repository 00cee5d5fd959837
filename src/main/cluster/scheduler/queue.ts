import type { Clock } from '#shared/base/clock.ts'
import type { Change } from './cluster-state.ts'
import type { Plugin } from './framework.ts'
import { Heap } from './heap.ts'
import type { PodInfo } from './pod-info.ts'
import { eventOf } from './queue-events.ts'

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
  /** When it was last refused, ms. */
  refusedAt: number
  /** Whether the last attempt ended with an error: then the back-off is kept in full. */
  failed: boolean
  /** Whether its node has become free during the attempt: then there is no back-off. */
  expedited: boolean
}

/** Pods that wait, under the names that Kubernetes' metrics have for the queues. */
export type Pending = Record<'active' | 'backoff' | 'unschedulable' | 'gated', number>

/** The queues that a pod can enter, as Kubernetes' metrics name them. */
export type IncomingQueue = 'active' | 'backoff' | 'unschedulable' | 'gated'

/** An unschedulable pod is retried after this long even if nothing changes. */
const longestWait = 300_000

export interface QueueOptions {
  clock: Clock
  /** Called whenever a pod has become ready to schedule. */
  onReady(): void
  /** Called whenever a pod enters a queue, by the name that Kubernetes has for what brought it there; for metrics. */
  onQueued?: ((queue: IncomingQueue, event: string) => void) | undefined
  /** Back-off after the first attempt, doubled with each further one up to the longest; 1 s and 10 s when unset. */
  initialBackoffMs?: number
  maxBackoffMs?: number
}

/**
 * Pods in scheduling order: by priority, then by age. Rejected pods wait until something changes that may help them, and
 * then for the rest of their back-off, unless there is nothing else to schedule (Kubernetes'
 * SchedulerPopFromBackoffQ).
 */
export class SchedulingQueue {
  readonly #clock: Clock
  readonly #onReady: () => void
  readonly #onQueued: (queue: IncomingQueue, event: string) => void
  readonly #initialBackoffMs: number
  readonly #maxBackoffMs: number
  readonly #byKey = new Map<string, Waiting>()
  readonly #active = new Heap<Waiting>((a, b) => b.pod.priority - a.pod.priority || a.since - b.since)
  readonly #backoff = new Heap<Waiting>((a, b) => a.retryAt - b.retryAt || b.pod.priority - a.pod.priority)
  /** Pods whose last attempt failed, in back-off. */
  readonly #failed = new Heap<Waiting>((a, b) => a.retryAt - b.retryAt)
  /** In the order in which they were refused. */
  readonly #unschedulable = new Set<Waiting>()
  /** The same by the plugins that refused them; `undefined` refused those that found no nodes at all. */
  readonly #refused = new Map<Plugin | undefined, Set<Waiting>>()
  #stopTimer: (() => void | Promise<void>) | undefined
  #timerAt = Infinity

  constructor({
    clock,
    onReady,
    onQueued = () => undefined,
    initialBackoffMs = 1_000,
    maxBackoffMs = 10_000,
  }: QueueOptions) {
    this.#clock = clock
    this.#onReady = onReady
    this.#onQueued = onQueued
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
      this.#noLongerRefused(known)
    }
    const same = known?.pod.uid === pod.uid ? known : undefined
    const waiting: Waiting = {
      pod,
      state: 'held',
      refusedBy: new Set(),
      attempts: same?.attempts ?? 0,
      since: same?.since ?? this.#clock.now(),
      retryAt: same?.retryAt ?? 0,
      refusedAt: same?.refusedAt ?? 0,
      failed: same?.failed ?? false,
      expedited: false,
    }
    if (known && known !== same) this.remove(pod.key)
    this.#byKey.set(pod.key, waiting)
    const event = same ? 'PodUpdate' : 'PodAdd'
    if (held) this.#onQueued('gated', event)
    else this.#retry(waiting, event)
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
    this.#noLongerRefused(known)
  }

  /** Takes the next pod to schedule; it stays known until `remove` or `refuse`. */
  take(): Waiting | undefined {
    const next = takeFrom(this.#active, 'active') ?? takeFrom(this.#backoff, 'backoff')
    if (!next) return undefined
    next.state = 'trying'
    next.expedited = false
    next.attempts++
    return next
  }

  /** No node fits: the pod waits for a change that one of the rejecting plugins considers helpful. */
  refuse(waiting: Waiting, refusedBy: ReadonlySet<Plugin>): void {
    if (waiting.state === 'gone') return
    waiting.state = 'unschedulable'
    waiting.refusedBy = refusedBy
    waiting.refusedAt = this.#clock.now()
    waiting.retryAt = inWholeSeconds(waiting.refusedAt + this.#backoffOf(waiting))
    waiting.failed = false
    this.#unschedulable.add(waiting)
    this.#onQueued('unschedulable', attemptFailed)
    for (const plugin of refusedBy.size === 0 ? [undefined] : refusedBy) {
      const others = this.#refused.get(plugin)
      if (others) others.add(waiting)
      else this.#refused.set(plugin, new Set([waiting]))
    }
    this.#arm(waiting.refusedAt + longestWait)
  }

  /** The attempt failed for a reason other than fit: it is repeated after the back-off. */
  retryLater(waiting: Waiting): void {
    if (waiting.state === 'gone') return
    waiting.failed = true
    waiting.retryAt = this.#clock.now() + this.#backoffOf(waiting)
    this.#retry(waiting, attemptFailed)
  }

  /** The pod has preempted others: it is tried again after its back-off, or as soon as there is nothing else to do. */
  retrySoon(waiting: Waiting): void {
    if (waiting.state === 'gone') return
    waiting.failed = false
    const now = this.#clock.now()
    waiting.retryAt = waiting.expedited ? now : inWholeSeconds(now + this.#backoffOf(waiting))
    waiting.expedited = false
    this.#retry(waiting, attemptFailed)
  }

  /** Room was made on the node that is kept for the pod: it does not sit out its back-off. */
  expedite(key: string): void {
    const waiting = this.#byKey.get(key)
    if (waiting?.state === 'trying') waiting.expedited = true
    if (waiting?.state !== 'backoff' && waiting?.state !== 'unschedulable') return
    this.#noLongerRefused(waiting)
    // Its entry in the heap of back-offs stays behind; a copy takes its place.
    waiting.state = 'gone'
    const expedited: Waiting = { ...waiting, retryAt: 0 }
    this.#byKey.set(key, expedited)
    this.#retry(expedited, 'AssignedPodDelete')
  }

  /** Requeues one pod if it waits for a change. */
  activate(key: string): void {
    const waiting = this.#byKey.get(key)
    if (waiting?.state === 'unschedulable') this.#wake(waiting, 'ForceActivate')
  }

  /** Queues the held pods that nothing holds any more. */
  release(isHeld: (pod: PodInfo) => boolean): void {
    for (const waiting of this.#byKey.values())
      if (waiting.state === 'held' && !isHeld(waiting.pod)) this.#retry(waiting, 'PodUpdate')
  }

  /** Requeues the pods that `change` may make schedulable. */
  changed(change: Change): void {
    for (const [plugin, refused] of this.#refused) {
      if (plugin ? !isInterested(plugin, change) : change.type !== 'node-added') continue
      for (const waiting of refused)
        if (!plugin || plugin.mayHelp?.(change, waiting.pod)) this.#wake(waiting, eventOf(change))
    }
  }

  stop(): void {
    void this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #wake(waiting: Waiting, event: string): void {
    this.#noLongerRefused(waiting)
    this.#retry(waiting, event)
  }

  #noLongerRefused(waiting: Waiting): void {
    if (!this.#unschedulable.delete(waiting)) return
    for (const plugin of waiting.refusedBy.size === 0 ? [undefined] : waiting.refusedBy) {
      const others = this.#refused.get(plugin)
      others?.delete(waiting)
      if (others?.size === 0) this.#refused.delete(plugin)
    }
  }

  #retry(waiting: Waiting, event: string): void {
    if (waiting.retryAt > this.#clock.now()) {
      waiting.state = 'backoff'
      this.#onQueued('backoff', event)
      ;(waiting.failed ? this.#failed : this.#backoff).push(waiting)
      this.#arm(waiting.retryAt)
      if (!waiting.failed) this.#onReady()
      return
    }
    waiting.state = 'active'
    this.#onQueued('active', event)
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
    for (const heap of [this.#backoff, this.#failed])
      for (let next = heap.peek(); next && (next.retryAt <= now || next.state !== 'backoff'); next = heap.peek()) {
        heap.pop()
        if (next.state === 'backoff') this.#retry(next, 'BackoffComplete')
      }
    for (const waiting of this.#unschedulable) {
      if (waiting.refusedAt + longestWait > now) break
      this.#wake(waiting, 'UnschedulableTimeout')
    }
    for (const heap of [this.#backoff, this.#failed]) this.#arm(heap.peek()?.retryAt ?? Infinity)
    for (const { refusedAt } of this.#unschedulable) {
      this.#arm(refusedAt + longestWait)
      break
    }
  }
}

const attemptFailed = 'ScheduleAttemptFailure'

/** The first of the heap that is still in the state; what has left it is dropped. */
function takeFrom(heap: Heap<Waiting>, state: Waiting['state']): Waiting | undefined {
  for (let next = heap.pop(); next; next = heap.pop()) if (next.state === state) return next
  return undefined
}

/** Back-offs that end in the same second end together, so that of these the most important pod goes first. */
const inWholeSeconds = (ms: number): number => Math.floor(ms / 1_000) * 1_000

const isInterested = ({ interests }: Plugin, { type }: Change): boolean => !interests || interests.includes(type)
