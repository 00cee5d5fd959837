import type { Back } from '../../api/carrier.ts'
import { openStream } from '../../api/stream.ts'
import type { LogOrigin } from './useLogStreams.ts'

/** Characters that are gathered before they are handed to the browser, which keeps them on disk. */
const pieceSize = 4 * 2 ** 20

export interface WholeLogs {
  back: Back
  context: string
  namespace: string
  origins: readonly LogOrigin[]
  timestamps: boolean
  /** Called with the bytes that have come. */
  onProgress(bytes: number): void
  signal: AbortSignal
}

/**
 * Fetches all that the servers hold of the logs, the previous run of each container before its last one. Of several
 * containers, each is headed by its name.
 * @throws Error when a log cannot be read to its end
 */
export async function fetchWholeLogs({ back, context, namespace, origins, timestamps, onProgress, signal }: WholeLogs) {
  const parts: Blob[] = []
  let gathered: string[] = []
  let size = 0
  let total = 0
  const flush = (): void => {
    parts.push(new Blob(gathered))
    gathered = []
    size = 0
  }
  const add = (text: string): void => {
    gathered.push(text)
    size += text.length
    total += text.length
    if (size > pieceSize) flush()
    onProgress(total)
  }
  for (const { pod, container } of origins)
    for (const previous of [true, false]) {
      const heading = `==> ${pod} ${container}${previous ? ' (previous run)' : ''} <==\n`
      let isFirst = true
      let reason: string | undefined
      const open = { context, namespace, pod, container, timestamps, ...(previous ? { previous } : {}) }
      const stream = openStream(back.kube.logs, open, (message) => {
        if ('text' in message) {
          if (isFirst && (origins.length > 1 || previous || parts.length + gathered.length > 0)) add(heading)
          isFirst = false
          add(message.text)
        } else reason = message.ended
      })
      signal.addEventListener('abort', stream.close, { once: true })
      await stream.done
      signal.removeEventListener('abort', stream.close)
      signal.throwIfAborted()
      // A container without an earlier run, or one that has not run, has no such log.
      if (reason !== undefined && !/not found|waiting to start|not available/i.test(reason))
        throw new Error(`${pod} ${container}: ${reason}`)
    }
  flush()
  return new Blob(parts, { type: 'text/plain' })
}

/** Hands a file to the user. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The download has begun by the next task; the address may go then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
