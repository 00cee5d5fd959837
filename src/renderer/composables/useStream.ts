import { onScopeDispose } from 'vue'
import { openStream, type OpenStream, type StreamProcedure } from '../api/stream.ts'

/**
 * Keeps a stream of the contract open for as long as the calling scope lives: it is opened again after it has ended,
 * which it does when the connection is lost.
 * @param again time between the end and the next opening, ms
 */
export function useStream<Open, Up, Down>(
  procedure: StreamProcedure<Open, Up, Down>,
  open: Open,
  onMessage: (message: Down) => void,
  { again = 500 }: { again?: number } = {},
): void {
  let stream: OpenStream<Up> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  function start(): void {
    if (stopped) return
    stream = openStream(procedure, open, onMessage)
    const restart = (): void => void (timer = setTimeout(start, again))
    stream.done.then(restart, restart)
  }
  start()
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
    stream?.close()
  })
}
