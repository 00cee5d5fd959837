import { stepTitles } from '#shared/contract/step-titles.ts'
import { waitForAll } from '#shared/base/wait-for-all.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

/**
 * Starts what does not run, and the agent anew where its files have changed. Not undone by itself: new workers are
 * removed by the step that created them, others are left running.
 * @param refreshed the version of the files of each worker that was there before
 */
export const startWorkers = (recipe: WorkerRecipe, refreshed: ReadonlyMap<string, string>): ProvisionStep => ({
  id: 'start',
  title: stepTitles.start,
  async run() {
    await waitForAll(
      recipe.names.map(async (name) => {
        const state = recipe.machines().get(name)?.state
        if (state === 'paused') await recipe.provider.unpause(name)
        else if (state !== 'running') await recipe.provider.start(name)
        const version = refreshed.get(name)
        if (version !== undefined) await recipe.provider.restartStaleAgent(name, version)
      }),
    )
    await recipe.refresh()
  },
})
