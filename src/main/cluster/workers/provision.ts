import { clusterNetwork } from './steps/cluster-network.ts'
import { clusterVolume } from './steps/cluster-volume.ts'
import { connectWorkers } from './steps/connect-workers.ts'
import { createWorkers } from './steps/create-workers.ts'
import { findEngine } from './steps/find-engine.ts'
import type { WorkerRecipe } from './steps/recipe.ts'
import { readyWorkers } from './steps/ready-workers.ts'
import { runSteps, type Work } from './steps/run-steps.ts'
import { startWorkers } from './steps/start-workers.ts'
import { workerImage } from './steps/worker-image.ts'

/**
 * Brings up the workers of a recipe, from nothing or from whatever is there: creates what is missing, starts what is
 * stopped, waits until all are Ready. When a step fails or is cancelled, it and those before it are undone in reverse.
 * @throws Error for the user
 */
export function provision(recipe: WorkerRecipe, work: Work): Promise<void> {
  const refreshed = new Map<string, string>()
  const steps = [
    findEngine(recipe),
    workerImage(recipe),
    clusterNetwork(recipe),
    clusterVolume(recipe),
    createWorkers(recipe, refreshed),
    startWorkers(recipe, refreshed),
    connectWorkers(recipe),
    readyWorkers(recipe),
  ]
  return runSteps(steps, { ...work, clock: recipe.clock })
}
