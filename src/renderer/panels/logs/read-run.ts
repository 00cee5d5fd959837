import type { LogOptions } from '#shared/contract/kube.ts'
import type { LogBuffer } from './log-buffer.ts'
import type { LogRun } from './log-runs.ts'

/** What is fetched of a log at first: the last lines, those of the last seconds, or all when empty. */
export type LogRange = Pick<LogOptions, 'tailLines' | 'sinceSeconds'>

/** What one request asks for. */
export type ReadOptions = Pick<LogOptions, 'previous' | 'follow' | 'tailLines' | 'sinceSeconds' | 'sinceTime'>

export interface RunReading {
  /** Of the lines in the buffer. */
  source: number
  buffer: LogBuffer
  range: LogRange
  /** The run as it is now; undefined once the server can no longer tell its log. */
  now(): LogRun | undefined
  /** Reads a log until it ends. @throws Error with the reason */
  read(options: ReadOptions): Promise<void>
  /** What was there has been read. */
  onCaughtUp(): void
  /** Told with what keeps it from being read; undefined once it is read again. */
  onProblem(error: unknown): void
  /** Waits between two tries; rejects once nobody reads any more. */
  pause(): Promise<void>
}

/** How often a log that does not grow is asked for. */
const tries = 4

/**
 * Reads one run of a container: first what is there, then what comes while it runs. A stream that breaks off goes on at
 * its last line, and repeats and leaves out nothing.
 * @returns whether all was read, to the run's end
 */
export async function readRun(reading: RunReading): Promise<boolean> {
  const { source, buffer, range, now, read, onCaughtUp, onProblem, pause } = reading
  const begin = buffer.position(source)
  let caughtUp = false
  let failures = 0
  for (;;) {
    const run = now()
    if (!run) return false
    const isRunning = run.state === 'running'
    const after = buffer.position(source)
    buffer.resume(source, after)
    let isClean = false
    try {
      await read({
        ...(after !== undefined && after !== begin ? { sinceTime: after.time } : range),
        ...(run.state === 'previous' ? { previous: true } : {}),
        ...(isRunning && caughtUp ? { follow: true } : {}),
      })
      isClean = true
      onProblem(undefined)
    } catch (error) {
      onProblem(error)
      if (!isRunning && ++failures >= tries) return false
    }
    if (isClean && !isRunning) {
      buffer.finish(source)
      return true
    }
    if (isClean && !caughtUp) {
      caughtUp = true
      onCaughtUp()
      continue
    }
    // The stream of a run that has ended may end before its status tells so.
    await pause()
    if (isClean && now()?.state !== 'running') {
      buffer.finish(source)
      return true
    }
  }
}
