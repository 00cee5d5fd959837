import { messageOf } from '#shared/base/message-of.ts'
import type { ConfirmedActions } from '#main/yours/confirmed.ts'
import type { YoursStore } from '#main/yours/index.ts'
import { runAction } from '#main/yours/run.ts'
import type { CommandMessage, RunRequest, YoursState } from '#shared/contract/yours.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { followChanges } from './follow-changes.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

export function yoursTopic({
  yours,
  confirmed,
  contexts,
}: {
  yours: YoursStore
  confirmed: ConfirmedActions
  contexts: Contexts
}) {
  const topic = implementer.yours
  return {
    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<object, never, YoursState>(input, signal, (_open, port) =>
        followChanges({
          onChange: (listener) => yours.onChange(listener),
          send: () => port.send(yours.state()),
          signal: port.signal,
        }),
      ),
    ),
    text: topic.text.handler(async () => ({ text: await yours.text() })),
    save: topic.save.handler(({ input }) => yours.save(input.text, input.base)),
    check: topic.check.handler(({ input }) => ({ problems: yours.check(input.text) })),
    schema: topic.schema.handler(() => ({ json: yours.schema() })),
    run: topic.run.handler(({ input, signal }) =>
      serveStream<RunRequest, never, CommandMessage>(input, signal, async (request, port) => {
        try {
          const action = yours.action(request.action)
          const context = contextOf(contexts, request.context)
          const mark = await confirmed.check(action, request.confirmed)
          if (mark !== undefined) await port.send({ confirm: { command: action.command, mark } })
          else
            await runAction(
              { action, context, request },
              { send: (message) => port.send(message), signal: port.signal },
            )
        } catch (error) {
          await port.send({ ended: { message: messageOf(error) } })
        }
      }),
    ),
  }
}
