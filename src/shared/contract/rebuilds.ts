import { z } from 'zod'
import { rolledKinds } from '../kube/rebuild.ts'
import { downstream, procedure } from './stream.ts'

/** Pods of a local cluster that run an older image than the one this machine's engine has under the same name. */

const context = z.string().min(1).max(300)
const name = z.string().min(1).max(253)

const workload = z.strictObject({ kind: z.enum(rolledKinds), name })
export type RolledWorkload = z.infer<typeof workload>

export const staleContainer = z.object({
  name: z.string(),
  /** The name of the image: `shop:dev`. */
  image: z.string(),
  /** What it runs, as the pod's status names it. */
  runs: z.string(),
  /** What the engine has under that name: `sha256:…`. */
  built: z.string(),
  /** When that was built, ms since the epoch. */
  builtAt: z.number().optional(),
})
export type StaleContainer = z.infer<typeof staleContainer>

export const stalePod = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  /** What would be rolled; unset where nothing replaces the pod. */
  workload: workload.optional(),
  containers: z.array(staleContainer),
})
export type StalePod = z.infer<typeof stalePod>

export const rebuilds = {
  /** The pods with older images, again after each change; none of contexts that run on other machines. */
  watch: downstream({ open: z.strictObject({ context }), down: z.object({ pods: z.array(stalePod) }) }),
  /** Loads the newer images into the workers, then restarts the workload as `kubectl rollout restart` does. */
  roll: procedure
    .input(z.strictObject({ context, namespace: name, ...workload.shape }))
    .output(z.object({ images: z.array(z.string()) })),
}
