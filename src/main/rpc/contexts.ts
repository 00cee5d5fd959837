import type { Stop } from '#shared/base/disposable.ts'
import type { ContextProblem } from '#shared/contract/contexts.ts'
import type { ContextInfo } from '#shared/contract/kube.ts'
import type { AddedFiles } from '#main/contexts/kubeconfig/added-files.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { followChanges } from './follow-changes.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

/** Every context that the face may use. */
export interface Contexts {
  list(): Promise<KnownContexts>
  get(id: string): KubeContext | undefined
  /** Whether it is reachable now or not. @throws ApiError where the user has locked it against changes */
  requireWritable(id: string): Promise<void>
  /** Called when `list` would answer something else. */
  onChange(listener: () => void): Stop
}

/** @throws Error for the user when there is no such context */
export function contextOf(contexts: Contexts, id: string): KubeContext {
  const context = contexts.get(id)
  if (!context) throw new Error(`there is no context "${id}"`)
  return context
}

export interface KnownContexts {
  contexts: ContextInfo[]
  problems: ContextProblem[]
}

export function contextsTopic(contexts: Contexts, added: AddedFiles) {
  return {
    watch: implementer.contexts.watch.handler(({ input, signal }) =>
      serveStream<object, never, KnownContexts>(input, signal, (_open, port) =>
        followChanges({
          onChange: (listener) => contexts.onChange(listener),
          send: async () => port.send(await contexts.list()),
          signal: port.signal,
        }),
      ),
    ),
    add: implementer.contexts.add.handler(({ input }) => added.add(input.file)),
    remove: implementer.contexts.remove.handler(({ input }) => added.remove(input.file)),
  }
}
