import type { Builds } from '#main/contexts/builds/index.ts'
import type { BuildMessage, BuildRequest } from '#shared/contract/builds.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

export function buildsTopic(builds: Builds) {
  const topic = implementer.builds
  return {
    look: topic.look.handler(({ input }) => builds.look(input.folder)),
    run: topic.run.handler(({ input, signal }) =>
      serveStream<BuildRequest, never, BuildMessage>(input, signal, (request, port) =>
        builds.run(request, { send: (message) => port.send(message), signal: port.signal }),
      ),
    ),
  }
}
