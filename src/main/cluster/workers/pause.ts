import { waitForAll } from '#shared/base/wait-for-all.ts'
import type { WorkerProvider } from './provider.ts'

/** Runs `task` while all workers that run stand still, so that nothing writes to their volumes. @param task gets their names */
export async function whilePaused<T>(
  provider: Pick<WorkerProvider, 'list' | 'pause' | 'unpause'>,
  task: (names: readonly string[]) => Promise<T>,
): Promise<T> {
  const running = (await provider.list()).filter(({ state }) => state === 'running').map(({ name }) => name)
  try {
    await waitForAll(running.map((name) => provider.pause(name)))
    return await task(running)
  } finally {
    await waitForAll(running.map((name) => provider.unpause(name)))
  }
}
