import type { Socket } from 'node:net'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'

export interface ConnectionBudgetOptions {
  clock: Clock
  /** Bytes that may wait for readers on all connections together. */
  limit?: number
  /** Bytes that may wait on one connection, beside a body that it has reserved. */
  perConnection?: number
  /** A reader that takes nothing for this long may be cut for the others' sake, ms. */
  stalledMs?: number
  /** A reader that takes nothing for this long is cut in any case, ms. */
  idleMs?: number
  /** How long `reserve` waits for room, ms. */
  patienceMs?: number
}

/** There was no room within the time that `reserve` waits. */
export class BudgetExhausted extends Error {}

/** Bytes set aside for one connection: a body that is being made, sent or received. */
export interface Reservation {
  /** Corrects how many bytes are still held. */
  hold(bytes: number): void
  /** The peer has taken or sent something. */
  progressed(): void
  release(): void
}

interface Connection {
  socket: Socket
  /** Whether what waits in the socket's queue counts, too. */
  tracked: boolean
  /** Reserved bytes. */
  held: number
  /** Bytes that the reader had taken at the last look. */
  taken: number
  /** For how long something has waited for it, of which it has taken nothing, ms. */
  quietMs: number
}

const sweepMs = 500
/** How often whoever waits for room looks again, ms. */
const pollMs = 50

/**
 * Bounds the bytes that a server keeps for peers that are slow to read or write: those in its sockets' queues, whatever
 * wrote them, and bodies that were reserved. When there are too many, the connection that has made no progress for the
 * longest is cut; one that makes progress is never cut for another's sake.
 */
export class ConnectionBudget {
  readonly #clock: Clock
  readonly #limit: number
  readonly #perConnection: number
  readonly #stalledMs: number
  readonly #idleMs: number
  readonly #patienceMs: number
  readonly #connections = new Map<Socket, Connection>()
  #stopSweep: Stop | undefined
  #lookedAt: number
  /** Resolves when whoever came last to `reserve` has been served. */
  #line: Promise<unknown> = Promise.resolve()

  constructor({
    clock,
    limit = 256 * 2 ** 20,
    perConnection = 64 * 2 ** 20,
    stalledMs = 2_000,
    idleMs = 60_000,
    patienceMs = 30_000,
  }: ConnectionBudgetOptions) {
    this.#clock = clock
    this.#lookedAt = clock.now()
    this.#limit = limit
    this.#perConnection = perConnection
    this.#stalledMs = stalledMs
    this.#idleMs = idleMs
    this.#patienceMs = patienceMs
  }

  /** Counts what waits on `socket` from now until it closes. */
  track(socket: Socket): void {
    const connection = this.#connection(socket)
    if (connection) connection.tracked = true
  }

  /** Bytes that are kept at the moment. */
  get held(): number {
    let total = 0
    for (const connection of this.#connections.values()) total += bytesOf(connection)
    return total
  }

  /**
   * Waits until there is room for `bytes`, cutting stalled connections, and sets them aside for `socket`. Those who wait
   * get in in the order in which they came. @throws BudgetExhausted when room is not found in time
   */
  async reserve(socket: Socket, bytes: number): Promise<Reservation> {
    const deadline = this.#clock.now() + this.#patienceMs
    const { promise: served, resolve: leave } = Promise.withResolvers<undefined>()
    const before = this.#line
    this.#line = served
    try {
      await before
      while (!this.#hasRoomFor(bytes)) {
        this.#look()
        if (this.#cutStalled(bytes, socket)) break
        if (this.#clock.now() >= deadline || socket.destroyed)
          throw new BudgetExhausted('too many bytes wait for slow readers')
        await new Promise<void>((resolve) => this.#clock.after(pollMs, resolve))
      }
      return this.take(socket, bytes)
    } finally {
      leave(undefined)
    }
  }

  /** Sets bytes aside that are there already, without waiting. */
  take(socket: Socket, bytes: number): Reservation {
    const connection = this.#connection(socket)
    let mine = 0
    const hold = (amount: number): void => {
      if (!connection) return
      if (connection.held === 0) connection.quietMs = 0
      connection.held += amount - mine
      mine = amount
      if (connection.held === 0 && !connection.tracked) this.#connections.delete(socket)
    }
    hold(bytes)
    return {
      hold,
      progressed: () => {
        if (connection) connection.quietMs = 0
      },
      release: () => hold(0),
    }
  }

  /** Whether nothing more should be begun for anybody. */
  get isFull(): boolean {
    return this.held > this.#limit
  }

  stop(): void {
    void this.#stopSweep?.()
    this.#stopSweep = undefined
  }

  #connection(socket: Socket): Connection | undefined {
    if (socket.destroyed) return undefined
    let connection = this.#connections.get(socket)
    if (!connection) {
      connection = { socket, tracked: false, held: 0, taken: takenFrom(socket), quietMs: 0 }
      this.#connections.set(socket, connection)
      socket.once('close', () => this.#connections.delete(socket))
      this.#stopSweep ??= this.#clock.after(sweepMs, () => this.#sweep())
    }
    return connection
  }

  /** One body is let in however large it is. */
  #hasRoomFor(bytes: number): boolean {
    const { held } = this
    return held === 0 || held + bytes <= this.#limit
  }

  #sweep(): void {
    this.#look()
    for (const connection of [...this.#connections.values()]) {
      const isOver = connection.socket.writableLength > this.#perConnection
      if (connection.quietMs >= (isOver ? this.#stalledMs : this.#idleMs)) this.#cut(connection)
    }
    this.#cutStalled(0)
    this.#stopSweep = this.#connections.size > 0 ? this.#clock.after(sweepMs, () => this.#sweep()) : undefined
  }

  /**
   * Sees which readers have taken something since the last look. Time in which this process did nothing is not held
   * against them: a look counts for no longer than the usual time between two.
   */
  #look(): void {
    const now = this.#clock.now()
    const passed = Math.min(Math.max(0, now - this.#lookedAt), sweepMs)
    this.#lookedAt = now
    for (const connection of this.#connections.values()) {
      const taken = takenFrom(connection.socket)
      const waits = bytesOf(connection) > 0 && taken <= connection.taken
      connection.quietMs = waits ? connection.quietMs + passed : 0
      connection.taken = taken
    }
  }

  /** Cuts connections, the longest stalled first, until `bytes` fit. @returns whether they do */
  #cutStalled(bytes: number, except?: Socket): boolean {
    if (this.#hasRoomFor(bytes)) return true
    const stalled = [...this.#connections.values()]
      .filter((connection) => connection.socket !== except && bytesOf(connection) > 0)
      .filter(({ quietMs }) => quietMs >= this.#stalledMs)
      .sort((a, b) => b.quietMs - a.quietMs)
    for (const connection of stalled) {
      this.#cut(connection)
      if (this.#hasRoomFor(bytes)) return true
    }
    return false
  }

  #cut({ socket }: Connection): void {
    this.#connections.delete(socket)
    socket.destroy()
  }
}

const bytesOf = ({ socket, tracked, held }: Connection): number => held + (tracked ? socket.writableLength : 0)

/** Bytes that have left for the reader: all that were written but those still in the queue. */
const takenFrom = (socket: Socket): number => socket.bytesWritten - socket.writableLength
