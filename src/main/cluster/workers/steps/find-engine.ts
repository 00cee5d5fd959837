import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

export const findEngine = ({ provider }: WorkerRecipe): ProvisionStep => ({
  id: 'engine',
  title: 'Find the Docker Engine',
  run: async ({ message }) => message(await provider.checkEngine()),
})
