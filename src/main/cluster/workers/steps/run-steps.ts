import { orAborted } from '#shared/base/abort.ts'
import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Step } from '#shared/contract/clusters.ts'
import type { StepTitle } from '#shared/contract/step-titles.ts'

/** A step as the back reports it: the window has its title in its own language. */
export interface WorkStep extends Step {
  title: StepTitle
}

/** How a long piece of work reports itself, and how it is called off. */
export interface Work {
  /** A step began, went on or ended; its id says which. */
  progress(step: WorkStep): void
  log(line: string): void
  signal: AbortSignal
}

/** One step of a recipe, with its reverse. */
export interface ProvisionStep {
  id: string
  title: StepTitle
  /** @param report shows the progress of the step. @throws Error for the user; the recipe is then undone */
  run(report: StepReport): Promise<void>
  /** Removes what `run` made, whole or in part. */
  undo?(): Promise<void>
}

export interface StepReport {
  message(text: string): void
  bytes(done: number, total?: number): void
  log(line: string): void
  signal: AbortSignal
}

/** Longest wait for a step that was cancelled to end, ms. */
const cancelMs = 20_000

/**
 * Runs the steps one after the other. When one fails, or the signal cancels it, those that began are undone in reverse
 * order, every one of them even if undoing another fails.
 * @throws the failure of the step, or the signal's reason
 */
export async function runSteps(
  steps: readonly ProvisionStep[],
  { progress, log, signal, clock }: Work & { clock: Clock },
): Promise<void> {
  for (const { id, title } of steps) progress({ id, title, state: 'waiting' })
  const begun: ProvisionStep[] = []
  for (const step of steps) {
    const started = clock.now()
    const shown: WorkStep = { id: step.id, title: step.title, state: 'running' }
    const show = (change: Partial<WorkStep>): void => {
      Object.assign(shown, change, { ms: clock.now() - started })
      progress({ ...shown })
    }
    begun.push(step)
    let ended = false
    const update = (change: Partial<WorkStep>): void => {
      if (!ended) show(change)
    }
    let running: Promise<void> | undefined
    show({})
    try {
      signal.throwIfAborted()
      running = step.run({
        message: (message) => update({ message }),
        bytes: (done, total) => update({ bytes: total === undefined ? { done } : { done, total } }),
        log,
        signal,
      })
      await orAborted(running, signal)
      ended = true
      show({ state: 'done' })
    } catch (error) {
      ended = true
      show({ state: 'failed', message: messageOf(error) })
      log(`${step.title}: ${messageOf(error)}`)
      await settled(running, clock)
      await undo(begun, progress, log)
      throw error
    }
  }
}

/** A step that is still at work cannot be undone: undoing waits for its end, but not for ever. */
function settled(work: Promise<void> | undefined, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = clock.after(cancelMs, resolve)
    const done = (): void => {
      void giveUp()
      resolve()
    }
    if (work) work.then(done, done)
    else done()
  })
}

async function undo(
  begun: ProvisionStep[],
  progress: (step: WorkStep) => void,
  log: (line: string) => void,
): Promise<void> {
  for (const step of begun.reverse()) {
    if (!step.undo) continue
    try {
      await step.undo()
      progress({ id: step.id, title: step.title, state: 'undone' })
    } catch (error) {
      log(`undoing "${step.title}" failed: ${messageOf(error)}`)
    }
  }
}
