import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { Operation, Step } from '#shared/contract/clusters.ts'
import type { Work } from '#main/cluster/index.ts'

export type OperationKind = Operation['kind']

/** One long operation on a cluster, as the user interface shows it while it runs and afterwards. */
export interface RunningOperation {
  readonly running: boolean
  /** Resolves when the operation has succeeded. @throws its error */
  readonly settled: Promise<void>
  view(): Operation
  cancel(): void
}

const keptLogLines = 500

/** The same work where it must be done although the operation is cancelled: what was running runs again. */
export const uncancelled = (work: Work): Work => ({ ...work, signal: new AbortController().signal })

/** Starts `task`, and records its steps and last log lines; `changed` is called at every change. */
export function createOperation({
  kind,
  clock,
  log,
  changed,
  task,
}: {
  kind: OperationKind
  clock: Clock
  log: Log
  changed: () => void
  task(work: Work): Promise<void>
}): RunningOperation {
  const abort = new AbortController()
  const startedAt = clock.now()
  const steps = new Map<string, Step>()
  const lines: string[] = []
  let state: Operation['state'] = 'running'
  let error: string | undefined
  let endedAt: number | undefined

  const end = (outcome: Operation['state'], failure?: Error): void => {
    state = outcome
    error = failure?.message
    endedAt = clock.now()
    log[failure ? 'error' : 'info'](`${kind} ${outcome}`, { ms: endedAt - startedAt, ...(failure ? { error } : {}) })
    changed()
  }
  const work: Work = {
    signal: abort.signal,
    progress(step) {
      if (steps.get(step.id)?.state !== step.state) log.info(`${step.title}: ${step.state}`, { ms: step.ms })
      // What is undone afterwards shows no more why it failed.
      if (steps.get(step.id)?.state !== 'failed' || step.state !== 'undone') steps.set(step.id, step)
      changed()
    },
    log(line) {
      lines.push(line)
      if (lines.length > keptLogLines) lines.shift()
      log.debug(line)
      changed()
    },
  }
  const settled = Promise.resolve()
    .then(() => task(work))
    .then(
      () => end('done'),
      (failure: unknown) => {
        const reason = failure instanceof Error ? failure : new Error(String(failure))
        end(abort.signal.aborted ? 'cancelled' : 'failed', reason)
        throw reason
      },
    )
  settled.catch(() => undefined)

  return {
    get running() {
      return state === 'running'
    },
    settled,
    view: () => ({
      kind,
      state,
      steps: [...steps.values()],
      log: [...lines],
      startedAt,
      ...(error !== undefined ? { error } : {}),
      ...(endedAt !== undefined ? { ms: endedAt - startedAt } : {}),
    }),
    cancel: () => abort.abort(new Error('cancelled')),
  }
}
