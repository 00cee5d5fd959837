import type { Socket } from 'node:net'

/** Bounds how many connections all listeners of a cluster's host network have open together. */
export interface ConnectionSlots {
  /** Counts the connection until it closes; destroys it when there are too many. @returns whether it may go on */
  take(socket: Socket): boolean
}

export function createConnectionSlots(most: number): ConnectionSlots {
  let open = 0
  return {
    take(socket) {
      if (open >= most) {
        socket.destroy()
        return false
      }
      open++
      socket.once('close', () => open--)
      return true
    },
  }
}
