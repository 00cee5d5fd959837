import type { Clock } from '#shared/base/clock.ts'
import type { Change } from './cluster-state.ts'
import type { Plugin } from './framework.ts'
import { Heap } from './heap.ts'
import type { PodInfo } from './pod-info.ts'

/** A pod that wants a node. */
export interface Waiting {
  pod: PodInfo
  /** Where it stands: to be tried now; after its back-off; once something has changed; not at all yet; being tried. */
  state: 'active' | 'backoff' | 'unschedulable' | 'held' | 'trying' | 'gone'
  /** Plugins that refused it the last time. */
  refusedBy: ReadonlySet<Plugin>
  attempts: number
  /** When it came, ms: of two pods of the same priority the older one goes first. */
  since: number
  /** When its back-off ends, ms. */
  retryAt: number
}

/** Pods that wait, under the names that Kubernetes' metrics have for the queues. */
export type Pending = Record<'active' | 'backoff' | 'unschedulable' | 'gated', number>

const firstBackoff = 1_000
const longestBackoff = 10_000
/** However hopeless a pod is, it is tried again after this long. */
const longestWait = 300_000

/**
 * Pods in the order in which they are to be tried: by priority, then by age. Refused pods wait until something changes
 * that may help them, and then at least for their back-off.
 */
export class SchedulingQueue {
  readonly #clock: Clock
  readonly #onReady: () => void
  readonly #byKey = new Map<string, Waiting>()
  readonly #active = new Heap<Waiting>((a, b) => b.pod.priority - a.pod.priority || a.since - b.since)
  readonly #backoff = new Heap<Waiting>((a, b) => a.retryAt - b.retryAt)
  readonly #unschedulable = new Set<Waiting>()
  #stopTimer: (() => void | Promise<void>) | undefined
  #timerAt = Infinity

  /** @param onReady called whenever a pod has become ready to be tried */
  constructor({ clock, onReady }: { clock: Clock; onReady: () => void }) {
    this.#clock = clock
    this.#onReady = onReady
  }

  /** How many pods wait, by what they wait for. */
  count(): Pending {
    const pending: Pending = { active: 0, backoff: 0, unschedulable: 0, gated: 0 }
    for (const { state } of this.#byKey.values()) {
      if (state === 'held') pending.gated++
      else if (state !== 'trying' && state !== 'gone') pending[state]++
    }
    return pending
  }

  /** How many pods could be tried now. */
  get ready(): number {
    return this.#active.size
  }

  /** Takes in a new pod, or a new state of one that waits: what was refused before may fit now. */
  put(pod: PodInfo, { held }: { held: boolean }): void {
    const known = this.#byKey.get(pod.key)
    if (known && known.pod.uid === pod.uid) {
      known.pod = pod
      if (known.state === 'trying') return
      // Its place in a heap may depend on what has changed.
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

  /** Notes what has changed of a pod beside what matters for its place. */
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

  /** The next pod to be tried; it stays known until `remove` or `refuse`. */
  take(): Waiting | undefined {
    for (let next = this.#active.pop(); next; next = this.#active.pop()) {
      if (next.state !== 'active') continue
      next.state = 'trying'
      next.attempts++
      return next
    }
    return undefined
  }

  /** No node took the pod: it waits for a change that one of the plugins thinks helpful. */
  refuse(waiting: Waiting, refusedBy: ReadonlySet<Plugin>): void {
    if (waiting.state === 'gone') return
    waiting.state = 'unschedulable'
    waiting.refusedBy = refusedBy
    waiting.retryAt = this.#clock.now() + backoffOf(waiting.attempts)
    this.#unschedulable.add(waiting)
    this.#arm(this.#clock.now() + longestWait)
  }

  /** The try failed for reasons that have nothing to do with nodes: it is repeated after the back-off. */
  retryLater(waiting: Waiting): void {
    if (waiting.state === 'gone') return
    waiting.retryAt = this.#clock.now() + backoffOf(waiting.attempts)
    this.#retry(waiting)
  }

  /** Wakes the pods that `change` may help. */
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

  /** One timer for all that time brings. */
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

/** 1 s after the first try, twice as long after each further one, 10 s at most. */
const backoffOf = (attempts: number): number => Math.min(firstBackoff * 2 ** Math.max(0, attempts - 1), longestBackoff)

/** A pod that nobody refused had no nodes to be refused by. */
function mayHelp(change: Change, { pod, refusedBy }: Waiting): boolean {
  if (refusedBy.size === 0) return change.type === 'node-added'
  for (const plugin of refusedBy) if (plugin.mayHelp?.(change, pod)) return true
  return false
}
