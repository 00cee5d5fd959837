import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

export const readyWorkers = (recipe: WorkerRecipe): ProvisionStep => ({
  id: 'ready',
  title: 'Wait until all are Ready',
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
