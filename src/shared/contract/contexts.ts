import { z } from 'zod'
import { contextInfo } from './kube.ts'
import { downstream, procedure } from './stream.ts'

/** Everything that can be opened: local clusters that run, and the contexts of the user's kubeconfig files. */

/** A kubeconfig file, or a context in it, that cannot be used. */
export const contextProblem = z.object({
  file: z.string(),
  context: z.string().optional(),
  /** In one line, without anything secret. */
  reason: z.string(),
})
export type ContextProblem = z.infer<typeof contextProblem>

/** Where a kubeconfig file is: an absolute path, or one that begins with `~/`. */
const kubeconfigFile = z.strictObject({ file: z.string().min(1).max(4_096) })

export const contexts = {
  /** Reads one more kubeconfig file from now on. @throws when it cannot be read as one, with the reason */
  add: procedure.input(kubeconfigFile).output(z.void()),
  /** Reads a file no more that was added. */
  remove: procedure.input(kubeconfigFile).output(z.void()),
  /** All of them, again after each change of a cluster or a file. */
  watch: downstream({
    open: z.strictObject({}),
    down: z.object({ contexts: z.array(contextInfo), problems: z.array(contextProblem) }),
  }),
}
