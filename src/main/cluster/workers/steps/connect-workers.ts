import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

export const connectWorkers = (recipe: WorkerRecipe): ProvisionStep => ({
  id: 'connect',
  title: 'Connect to the workers',
  async run({ signal, message }) {
    let count = 0
    await Promise.all(
      recipe.names.map(async (name) => {
        await recipe.connected(name, signal)
        message(`${++count} of ${recipe.names.length}`)
      }),
    )
  },
})
