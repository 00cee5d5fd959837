import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Wire } from './api.ts'

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: Wire
}

/** One running watch: what came stays, in order; `next` waits for what has not been taken yet. */
export interface Watching {
  readonly events: readonly WatchEvent[]
  /** The next event that nobody has taken. */
  next(): Promise<WatchEvent>
  /** Takes events until one is as wanted. */
  until(wanted: (event: WatchEvent) => boolean): Promise<WatchEvent>
  /** Tells of every event, from now on. */
  follow(listener: (event: WatchEvent) => void): void
  stop(): void
}

const patience = 30_000

export function watchEvents(response: IncomingMessage, stop: () => void): Watching {
  const events: WatchEvent[] = []
  let taken = 0
  let ended: string | undefined
  let wake: () => void = () => undefined
  const followers: ((event: WatchEvent) => void)[] = []
  const lines = createInterface({ input: response })
  lines.on('line', (line) => {
    const event = JSON.parse(line) as WatchEvent
    events.push(event)
    for (const tell of followers) tell(event)
    wake()
  })
  const end = (why: string): void => {
    ended ??= why
    wake()
  }
  response.on('error', (error) => end(error.message))
  lines.on('error', () => undefined)
  lines.on('close', () => end('the server closed it'))

  const next = async (): Promise<WatchEvent> => {
    const late = setTimeout(() => end(`no event within ${patience} ms`), patience)
    try {
      for (;;) {
        const event = events[taken]
        if (event) {
          taken++
          return event
        }
        if (ended !== undefined) throw new Error(`watch: ${ended}; it had shown ${summary(events)}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      clearTimeout(late)
    }
  }
  return {
    events,
    next,
    async until(wanted) {
      for (;;) {
        const event = await next()
        if (wanted(event)) return event
      }
    },
    follow: (listener) => void followers.push(listener),
    stop,
  }
}

const summary = (events: WatchEvent[]): string =>
  events.map(({ type, object }) => `${type} ${(object as { metadata?: { name?: string } }).metadata?.name}`).join(', ')
