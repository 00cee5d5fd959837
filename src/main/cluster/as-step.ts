import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { StepTitle } from '#shared/contract/step-titles.ts'
import type { Work } from './workers/steps/run-steps.ts'

/** Runs `task` as a separate step. */
export async function asStep<T>(
  work: Work,
  clock: Clock,
  id: string,
  title: StepTitle,
  task: () => Promise<T>,
): Promise<T> {
  const started = clock.now()
  work.progress({ id, title, state: 'running' })
  try {
    const result = await task()
    work.progress({ id, title, state: 'done', ms: clock.now() - started })
    return result
  } catch (error) {
    work.progress({ id, title, state: 'failed', ms: clock.now() - started, message: messageOf(error) })
    throw error
  }
}
