import { stepTitles } from '#shared/contract/step-titles.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

/** Builds or loads the image; it stays when a later step fails, for the next attempt. */
export const workerImage = ({ provider }: WorkerRecipe): ProvisionStep => ({
  id: 'image',
  title: stepTitles.image,
  run(report) {
    let lines = 0
    return provider.ensureImage({
      signal: report.signal,
      bytes: report.bytes,
      log(line) {
        report.log(line)
        if (lines++ % 5 === 0) report.message(line.slice(0, 120))
      },
    })
  },
})
