import { stepTitles } from '#shared/contract/step-titles.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

/** Undone only where this run created the volume: it may hold data. */
export function clusterVolume({ provider }: WorkerRecipe): ProvisionStep {
  let isNew = false
  return {
    id: 'volume',
    title: stepTitles.volume,
    async run() {
      isNew = await provider.ensureVolume()
    },
    async undo() {
      if (isNew) await provider.removeVolume()
    },
  }
}
