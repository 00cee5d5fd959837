import { stepTitles } from '#shared/contract/step-titles.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

/** Undone only where this run created the network: other workers may be on it. */
export function clusterNetwork({ provider }: WorkerRecipe): ProvisionStep {
  let isNew = false
  return {
    id: 'network',
    title: stepTitles.network,
    async run({ log }) {
      isNew = await provider.ensureNetwork(log)
    },
    async undo() {
      if (isNew) await provider.removeNetwork()
    },
  }
}
