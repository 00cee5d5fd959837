import type Docker from 'dockerode'
import type { Stop } from '#shared/base/disposable.ts'

/** Which of its events the engine sends. */
export interface EventFilters {
  type: ('container' | 'image')[]
  event: string[]
  label?: string[]
}

/** How long after the end of the events the engine is asked again, ms. */
const retryAfter = 1_000

/**
 * Follows the engine's events, and reconnects when the engine was restarted.
 * @param listener called at each event, and whenever some may have been missed
 */
export function followEvents(connect: () => Promise<Docker>, filters: EventFilters, listener: () => void): Stop {
  let stopped = false
  let stream: NodeJS.ReadableStream | undefined
  let retry: NodeJS.Timeout | undefined
  const follow = async (): Promise<void> => {
    try {
      const docker = await connect()
      stream = await docker.getEvents({ filters: { ...filters } })
      if (stopped) {
        end()
        return
      }
      listener()
      stream.on('data', () => listener())
      await new Promise<void>((resolve) => stream?.once('close', () => resolve()).once('error', () => resolve()))
    } catch {
      // The engine does not answer: retried below.
    }
    if (stopped) return
    listener()
    retry = setTimeout(() => void follow(), retryAfter)
  }
  const end = (): void => (stream as unknown as { destroy(): void } | undefined)?.destroy()
  void follow()
  return () => {
    stopped = true
    clearTimeout(retry)
    end()
  }
}
