import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { HelmAction, HelmOperation } from '#shared/contract/helm.ts'

/** The runs of the program: they go on when the page that started them is gone. */
export interface HelmOperations {
  start(about: OperationAbout, task: (work: HelmWork) => Promise<void>): HelmOperation
  list(): HelmOperation[]
  /** Calls back when the list would answer something else. */
  onChange(listener: () => void): Stop
  /** Sends each line of a run from its beginning; resolves with the run when it has ended. */
  follow(id: string, signal: AbortSignal, send: (line: string) => Promise<void>): Promise<HelmOperation>
  cancel(id: string): void
  /** Cancels all, and waits for their ends. */
  close(): Promise<void>
}

export interface OperationAbout {
  action: HelmAction
  context: string
  namespace: string
  name: string
}

export interface HelmWork {
  signal: AbortSignal
  say(line: string): void
}

const mostKept = 20
const mostLines = 2_000
/** Most characters of one: what a hook prints may be one line. */
const mostLine = 10_000

interface Run {
  view: HelmOperation
  lines: string[]
  /** Lines that were dropped at the beginning. */
  dropped: number
  abort: AbortController
  wake: Set<() => void>
  settled: Promise<void>
}

export function createHelmOperations({ clock }: { clock: Clock }): HelmOperations {
  const runs = new Map<string, Run>()
  const listeners = new Set<() => void>()
  const changed = (): void => listeners.forEach((listener) => listener())
  const find = (id: string): Run => {
    const run = runs.get(id)
    if (!run) throw new Error('this run of Helm is not known any more')
    return run
  }
  const isBusy = ({ context, namespace, name }: OperationAbout): boolean =>
    [...runs.values()].some(
      ({ view }) =>
        view.state === 'running' && view.context === context && view.namespace === namespace && view.name === name,
    )

  return {
    start(about, task) {
      if (isBusy(about)) throw new Error(`Helm is busy with ${about.name} in ${about.namespace} already`)
      const run: Run = {
        view: { id: randomUUID(), ...about, state: 'running', startedAt: clock.now() },
        ...{ lines: [], dropped: 0, abort: new AbortController(), wake: new Set() },
        settled: Promise.resolve(),
      }
      const say = (line: string): void => {
        run.lines.push(line.length > mostLine ? `${line.slice(0, mostLine)}…` : line)
        if (run.lines.length > mostLines) {
          run.lines.shift()
          run.dropped++
        }
        run.wake.forEach((wake) => wake())
      }
      const end = (state: HelmOperation['state'], error?: string): void => {
        run.view = { ...run.view, state, endedAt: clock.now(), ...(error === undefined ? {} : { error }) }
        run.wake.forEach((wake) => wake())
        changed()
      }
      run.settled = Promise.resolve()
        .then(() => task({ signal: run.abort.signal, say }))
        .then(
          () => end('done'),
          (error: unknown) => end(run.abort.signal.aborted ? 'cancelled' : 'failed', messageOf(error)),
        )
      runs.set(run.view.id, run)
      for (const [id, { view }] of runs) {
        if (runs.size <= mostKept) break
        if (view.state !== 'running') runs.delete(id)
      }
      changed()
      return run.view
    },
    list: () => [...runs.values()].map(({ view }) => view),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async follow(id, signal, send) {
      const run = find(id)
      let wake: () => void = () => undefined
      const woken = (): void => wake()
      run.wake.add(woken)
      signal.addEventListener('abort', woken, { once: true })
      let next = 0
      try {
        while (!signal.aborted) {
          next = Math.max(next, run.dropped)
          const line = run.lines[next - run.dropped]
          if (line !== undefined) {
            next++
            await send(line)
          } else if (run.view.state !== 'running') break
          else await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        run.wake.delete(woken)
      }
      return run.view
    },
    cancel: (id) => find(id).abort.abort(),
    async close() {
      for (const { abort } of runs.values()) abort.abort()
      await Promise.all([...runs.values()].map(({ settled }) => settled))
    },
  }
}
