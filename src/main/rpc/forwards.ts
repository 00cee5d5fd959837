import type { PortForwards } from '#main/contexts/port-forwards/index.ts'
import { portState } from '#main/contexts/port-forwards/local-port.ts'
import type { Forward } from '#shared/contract/forwards.ts'
import { followChanges } from './follow-changes.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

export function forwardsTopic(forwards: PortForwards) {
  const topic = implementer.forwards
  return {
    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<object, never, { forwards: Forward[] }>(input, signal, (_open, port) =>
        followChanges({
          onChange: (listener) => forwards.onChange(listener),
          send: () => port.send({ forwards: forwards.list() }),
          signal: port.signal,
        }),
      ),
    ),
    start: topic.start.handler(({ input }) => forwards.start(input.target, input.localPort)),
    stop: topic.stop.handler(({ input }) => forwards.stop(input.id)),
    resume: topic.resume.handler(({ input }) => forwards.resume(input.id, input.localPort)),
    forget: topic.forget.handler(({ input }) => forwards.forget(input.id)),
    port: topic.port.handler(({ input }) => portState(input.port)),
  }
}
