import { stepTitles } from '#shared/contract/step-titles.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

export const findEngine = ({ provider }: WorkerRecipe): ProvisionStep => ({
  id: 'engine',
  title: stepTitles.engine,
  run: async ({ message }) => message(await provider.checkEngine()),
})
