import { stepTitles } from '#shared/contract/step-titles.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

export const connectWorkers = (recipe: WorkerRecipe): ProvisionStep => ({
  id: 'connect',
  title: stepTitles.connect,
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
