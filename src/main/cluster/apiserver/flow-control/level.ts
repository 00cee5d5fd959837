import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { PriorityLevelConfiguration } from '#shared/kube/generated/types.ts'
import { dealQueues } from './deal.ts'
import type { Seats } from './shares.ts'

/** Why a request is refused, as the metrics of Kubernetes name it. */
export type Refusal = 'concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled'

/** A request's place, until it is left. */
export interface Seat {
  /** Gives the seats back; once is enough. */
  leave(): void
}

/** A request that asks a level for seats. */
export interface Guest {
  /** Of one FlowSchema and one distinguisher: its requests are treated alike. */
  flow: string
  seats: number
}

/** Calls back when the client of a request has gone, unless stopped before. */
export type WhenGone = (gone: () => void) => Stop

/** How a request gets on: it may be told at once or later. */
export type Admitted = Seat | Refusal

/** A fresh look at what the levels together may hand out. */
export interface Lending {
  /** Seats that `level` may use now, its own and those that others lend. */
  limitOf(level: PriorityLevel): number
  /** Seats have become free: other levels may have requests that wait for them. */
  freed(): void
}

interface Waiting extends Guest {
  settle(admitted: Admitted): void
}

interface Queue {
  waiting: Waiting[]
  seats: number
  /** Virtual time at which its first request would start if all queues were served at once. */
  start: number
}

/** Longest wait in a queue, ms: a quarter of the time that Kubernetes gives a request. */
const longestWait = 15_000
/** Assumed time of a request in virtual time: only the ratio of requests' seats counts. */
const service = 1

type Spec = NonNullable<PriorityLevelConfiguration['spec']>

/**
 * The seats and queues of one PriorityLevelConfiguration. A request with free seats starts at once; else it waits in one of its
 * flow's queues, which are served in turns by the seats they use (start-time fair queueing), or is refused.
 */
export class PriorityLevel {
  readonly name: string
  readonly #clock: Clock
  readonly #lending: Lending
  #spec: Spec
  #queues: Queue[] = []
  #virtual = 0
  seats: Seats
  uid: string
  executing = 0
  waiting = 0

  constructor(options: { name: string; uid: string; spec: Spec; seats: Seats; clock: Clock; lending: Lending }) {
    this.name = options.name
    this.#clock = options.clock
    this.#lending = options.lending
    this.#spec = options.spec
    this.seats = options.seats
    this.uid = options.uid
    this.configure(options.uid, options.spec, options.seats)
  }

  get exempt(): boolean {
    return this.#spec.type === 'Exempt'
  }

  /** Seats in use and asked for. */
  get demand(): number {
    return this.executing + this.waiting
  }

  /** Takes over a changed object; requests that wait keep waiting. */
  configure(uid: string, spec: Spec, seats: Seats): void {
    this.#spec = spec
    this.seats = seats
    this.uid = uid
    const count = this.#queuing?.queues ?? 0
    const orphans = this.#queues.splice(count)
    for (const { seats: orphaned } of orphans) this.waiting -= orphaned
    while (this.#queues.length < count) this.#queues.push({ waiting: [], seats: 0, start: this.#virtual })
    for (const request of orphans.flatMap(({ waiting }) => waiting)) this.#enqueue(request)
    this.serve()
  }

  get #queuing() {
    const response = this.#spec.limited?.limitResponse
    return response?.type === 'Queue'
      ? { queues: 64, handSize: 8, queueLengthLimit: 50, ...response.queuing }
      : undefined
  }

  /** Asks for seats, at most as many as the level has itself: they are had at once, or the promise tells later. */
  enter(guest: Guest, whenGone: WhenGone): Admitted | Promise<Admitted> {
    if (this.exempt) return this.#sit(guest.seats)
    const seats = Math.max(1, Math.min(guest.seats, this.seats.nominal))
    if (this.waiting === 0 && this.#hasRoom(seats)) return this.#sit(seats)
    return this.#wait({ ...guest, seats }, whenGone)
  }

  #wait(guest: Guest, whenGone: WhenGone): Refusal | Promise<Admitted> {
    const queuing = this.#queuing
    if (!queuing) return 'concurrency-limit'
    const queue = this.#queueOf(guest.flow)
    if (!queue || queue.waiting.length >= queuing.queueLengthLimit) return 'queue-full'
    return new Promise((resolve) => {
      const stops: Stop[] = []
      const request: Waiting = {
        ...guest,
        settle(admitted) {
          for (const stop of stops) void stop()
          resolve(admitted)
        },
      }
      const giveUp = (why: Refusal): void => {
        if (this.#withdraw(request)) request.settle(why)
      }
      stops.push(this.#clock.after(longestWait, () => giveUp('time-out')))
      stops.push(whenGone(() => giveUp('cancelled')))
      this.#enqueue(request)
      this.serve()
    })
  }

  /** Starts requests that wait while there are seats for the next one. */
  serve(): void {
    for (;;) {
      const queue = this.#nextQueue()
      const [request] = queue?.waiting ?? []
      if (!queue || !request || !this.#hasRoom(request.seats)) return
      this.#take(queue, request)
      this.#virtual = queue.start
      queue.start += request.seats * service
      request.settle(this.#sit(request.seats))
    }
  }

  #hasRoom(seats: number): boolean {
    const wanted = this.executing + seats
    return this.executing === 0 || wanted <= this.seats.nominal || wanted <= this.#lending.limitOf(this)
  }

  #sit(seats: number): Seat {
    this.executing += seats
    let left = false
    return {
      leave: () => {
        if (left) return
        left = true
        this.executing -= seats
        this.serve()
        this.#lending.freed()
      },
    }
  }

  /** The least loaded queue of a flow's hand. */
  #queueOf(flow: string): Queue | undefined {
    const hand = dealQueues(flow, this.#queues.length, this.#queuing?.handSize ?? 1)
    let best: Queue | undefined
    for (const index of hand) {
      const queue = this.#queues[index]
      if (queue && (!best || queue.seats < best.seats)) best = queue
    }
    return best
  }

  #nextQueue(): Queue | undefined {
    if (this.waiting === 0) return undefined
    let next: Queue | undefined
    for (const queue of this.#queues) if (queue.waiting.length > 0 && (!next || queue.start < next.start)) next = queue
    return next
  }

  #enqueue(request: Waiting): void {
    const queue = this.#queueOf(request.flow)
    if (!queue) {
      request.settle('concurrency-limit')
      return
    }
    if (queue.waiting.length === 0) queue.start = Math.max(queue.start, this.#virtual)
    queue.waiting.push(request)
    queue.seats += request.seats
    this.waiting += request.seats
  }

  #withdraw(request: Waiting): boolean {
    const queue = this.#queues.find(({ waiting }) => waiting.includes(request))
    if (queue) this.#take(queue, request)
    return queue !== undefined
  }

  #take(queue: Queue, request: Waiting): void {
    queue.waiting.splice(queue.waiting.indexOf(request), 1)
    queue.seats -= request.seats
    this.waiting -= request.seats
  }
}
