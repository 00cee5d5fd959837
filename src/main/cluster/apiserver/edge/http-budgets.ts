import type { Socket } from 'node:net'
import type { Clock } from '#shared/base/clock.ts'
import { tooManyRequests } from '#shared/kube/status.ts'
import { BudgetExhausted, ConnectionBudget, type Reservation } from '#main/http/connection-budget.ts'
import type { ListAnswer } from '../api/request.ts'
import { maxWaiting } from './http-watch.ts'

/** What all bodies that are being received may take together. */
const maxReceived = 64 * 1024 * 1024
/** Smaller lists do not wait for room: there is always some for them. */
const smallList = 4 * 1024 * 1024

/** The memory that the API server spends on clients that read or send slowly. */
export interface HttpBudgets {
  /** Bytes that wait for readers, whatever wrote them: answers, events, streams of pods. */
  readonly unread: ConnectionBudget
  /** Room for a body that is to be received. @throws ApiError 429 */
  receive(socket: Socket, bytes: number): Promise<Reservation>
  /** Room for a list's body, before it is made; undefined for a small one. @throws ApiError 429 */
  list(socket: Socket, answer: ListAnswer): Promise<Reservation> | undefined
  /** Waits while too many bytes wait for others: a watch may begin with all objects there are. @throws ApiError 429 */
  watch(socket: Socket): Promise<void> | undefined
  stop(): void
}

export function createHttpBudgets(clock: Clock): HttpBudgets {
  const unread = new ConnectionBudget({ clock, perConnection: maxWaiting })
  const received = new ConnectionBudget({ clock, limit: maxReceived, idleMs: 30_000 })
  return {
    unread,
    receive: (socket, bytes) => reserve(received, socket, bytes),
    list(socket, { items }) {
      let bytes = 0
      for (const { json } of items) bytes += json.length
      return bytes < smallList ? undefined : reserve(unread, socket, bytes)
    },
    watch: (socket) => (unread.isFull ? reserve(unread, socket, 0).then((room) => room.release()) : undefined),
    stop() {
      unread.stop()
      received.stop()
    },
  }
}

async function reserve(budget: ConnectionBudget, socket: Socket, bytes: number): Promise<Reservation> {
  try {
    return await budget.reserve(socket, bytes)
  } catch (error) {
    if (error instanceof BudgetExhausted) throw tooManyRequests(`${error.message}; try again later`, 1)
    throw error
  }
}
