import type { StalePod } from '#shared/contract/rebuilds.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { followChanges } from './follow-changes.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'
import { linkOf } from './takeovers.ts'

export function rebuildsTopic(contexts: Contexts) {
  const topic = implementer.rebuilds
  return {
    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<{ context: string }, never, { pods: StalePod[] }>(input, signal, ({ context }, port) => {
        const { link } = contextOf(contexts, context)
        return followChanges({
          onChange: (listener) => link?.onChange(listener) ?? (() => undefined),
          send: () => port.send({ pods: [...(link?.list() ?? [])] }),
          signal: port.signal,
        })
      }),
    ),
    roll: topic.roll.handler(async ({ input: { context, ...workload } }) => ({
      images: await linkOf(contexts, context).roll(workload),
    })),
  }
}
