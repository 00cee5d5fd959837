import { stepTitles } from '#shared/contract/step-titles.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

export const readyWorkers = (recipe: WorkerRecipe): ProvisionStep => ({
  id: 'ready',
  title: stepTitles.ready,
  async run({ signal, message, log }) {
    let count = 0
    await Promise.all(
      recipe.names.map(async (name) => {
        await recipe.ready(name, signal)
        log(`${name}: Ready`)
        message(`${++count} of ${recipe.names.length}`)
      }),
    )
  },
})
