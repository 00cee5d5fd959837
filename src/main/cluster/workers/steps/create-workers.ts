import { stepTitles } from '#shared/contract/step-titles.ts'
import { waitForAll } from '#shared/base/wait-for-all.ts'
import { agentVersionFile } from '../provider.ts'
import type { WorkerRecipe } from './recipe.ts'
import type { ProvisionStep } from './run-steps.ts'

/**
 * Creates the containers that are missing and replaces the files of the others, whose agent may be of an older build.
 * Undone by removing the new ones.
 * @param refreshed receives the version of the files of each worker that was there before
 */
export function createWorkers(recipe: WorkerRecipe, refreshed: Map<string, string>): ProvisionStep {
  const { names, provider } = recipe
  const created: string[] = []
  return {
    id: 'create',
    title: stepTitles.create,
    async run({ message, log }) {
      await recipe.refresh()
      const missing = names.filter((name) => !recipe.machines().has(name))
      let count = 0
      await waitForAll(
        missing.map(async (name) => {
          created.push(name)
          const { files, version } = await recipe.filesOf(name)
          const marked = [...files, { path: agentVersionFile, content: version, mode: 0o600 }]
          await provider.create({ name, ...recipe.sizeOf(name), files: marked })
          log(`${name}: created`)
          message(`${++count} of ${missing.length}`)
        }),
      )
      const present = names.filter((name) => !missing.includes(name))
      await waitForAll(
        present.map(async (name) => {
          const { files, version } = await recipe.filesOf(name)
          await provider.putFiles(name, files)
          refreshed.set(name, version)
        }),
      )
    },
    async undo() {
      await waitForAll(created.map((name) => provider.remove(name)))
      await waitForAll(created.map((name) => recipe.removeNode(name)))
    },
  }
}
