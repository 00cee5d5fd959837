import type { PortForwards } from '#main/contexts/port-forwards/index.ts'
import type { Forward } from '#shared/contract/forwards.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'
import { withUserError } from './user-error.ts'

export function forwardsTopic(forwards: PortForwards) {
  const topic = implementer.forwards
  return {
    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<object, never, { forwards: Forward[] }>(input, signal, (_open, port) => follow(forwards, port)),
    ),
    start: topic.start.handler(({ input, errors }) =>
      withUserError(errors, () => forwards.start(input.target, input.localPort)),
    ),
    stop: topic.stop.handler(({ input }) => forwards.stop(input.id)),
  }
}

/** Sends the list now and after each change; changes during a send are combined. */
async function follow(
  forwards: PortForwards,
  port: { send(message: { forwards: Forward[] }): Promise<void>; signal: AbortSignal },
): Promise<void> {
  let dirty = true
  let wake: () => void = () => undefined
  const stop = forwards.onChange(() => {
    dirty = true
    wake()
  })
  port.signal.addEventListener('abort', () => wake(), { once: true })
  try {
    while (!port.signal.aborted) {
      if (dirty) {
        dirty = false
        await port.send({ forwards: forwards.list() })
      } else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    await stop()
  }
}
