import type { ShellRequest } from '#shared/contract/app.ts'
import type { ShellRequests } from '#main/rpc/app.ts'

export interface WindowRequests extends ShellRequests {
  /** @param window id of the window's contents */
  send(window: number, request: ShellRequest): void
}

/** Requests to the pages of windows. One waits for its page while that is loading. */
export function createRequests(): WindowRequests {
  const listeners = new Map<number, (request: ShellRequest) => void>()
  const waiting = new Map<number, ShellRequest[]>()
  return {
    send(window, request) {
      const listener = listeners.get(window)
      if (listener) listener(request)
      else waiting.set(window, [...(waiting.get(window) ?? []), request])
    },
    onRequest(window, listener) {
      if (window === undefined) return () => undefined
      listeners.set(window, listener)
      const kept = waiting.get(window) ?? []
      waiting.delete(window)
      for (const request of kept) listener(request)
      return () => {
        // A page that was loaded anew listens before the earlier one's stream has ended.
        if (listeners.get(window) === listener) listeners.delete(window)
      }
    },
  }
}
