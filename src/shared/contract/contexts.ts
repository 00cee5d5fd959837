import { z } from 'zod'
import { contextInfo } from './kube.ts'
import { downstream } from './stream.ts'

/** Everything that can be opened: local clusters that run, and the contexts of the user's kubeconfig files. */

/** A kubeconfig file, or a context in it, that cannot be used. */
export const contextProblem = z.object({
  file: z.string(),
  context: z.string().optional(),
  /** In one line, without anything secret. */
  reason: z.string(),
})
export type ContextProblem = z.infer<typeof contextProblem>

export const contexts = {
  /** All of them, again after each change of a cluster or a file. */
  watch: downstream({
    open: z.strictObject({}),
    down: z.object({ contexts: z.array(contextInfo), problems: z.array(contextProblem) }),
  }),
}
