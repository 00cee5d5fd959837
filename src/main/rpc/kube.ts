import { messageOf } from '#shared/base/message-of.ts'
import type { KubeContext } from '#main/contexts/kube-context.ts'
import { logPath } from '#main/contexts/kube-context.ts'
import type { AttachOptions, ExecOptions, LogOptions, TerminalInput, TerminalOutput } from '#shared/contract/kube.ts'
import { ApiError, notFound } from '#shared/kube/status.ts'
import type { Contexts } from './contexts.ts'
import { implementer } from './implementer.ts'
import type { OwnPods } from './own-pods.ts'
import { serveStream } from './stream.ts'

/** @param contexts every context that the face may use, by id. */
export function kubeTopic(contexts: Contexts, ownPods: OwnPods) {
  const find = (id: string): KubeContext => {
    const context = contexts.get(id)
    if (!context) throw notFound({ group: '', resource: 'contexts' }, id)
    void ownPods.sweep(id, context)
    return context
  }
  const topic = implementer.kube
  return {
    judge: topic.judge.handler(({ input }) =>
      Promise.resolve(find(input.context).judge?.(`${input.namespace}/${input.pod}`) ?? null),
    ),

    request: topic.request.handler(async ({ input, signal }) => {
      try {
        const { context, ...request } = input
        return await find(context).request({ ...request, ...(signal ? { signal } : {}) })
      } catch (error) {
        if (error instanceof ApiError) return { status: error.code, body: JSON.stringify(error.status), warnings: [] }
        throw error
      }
    }),

    watch: topic.watch.handler(({ input, signal }) =>
      serveStream<{ context: string; path: string; accept?: string | undefined }, never, WatchDown>(
        input,
        signal,
        async ({ context, path, accept }, port) => {
          const closed = await streamed(() =>
            find(context).stream(
              { path, accept: accept ?? 'application/json', signal: port.signal },
              wholeLines(port.send),
            ),
          )
          await port.send({ closed })
        },
      ),
    ),

    logs: topic.logs.handler(({ input, signal }) =>
      serveStream<LogOptions, never, LogsDown>(input, signal, async (options, port) => {
        const ended = await streamed(() =>
          find(options.context).stream({ path: logPath(options), accept: '*/*', signal: port.signal }, (text) =>
            port.send({ text }),
          ),
        )
        await port.send({ ended: ended && (JSON.parse(ended) as { message: string }).message })
      }),
    ),

    exec: topic.exec.handler(({ input, signal }) =>
      serveStream<ExecOptions, TerminalInput, TerminalOutput>(input, signal, (options, port) => {
        const context = find(options.context)
        const run = (): Promise<void> => context.exec(options, { onInput: port.onData, signal: port.signal }, port.send)
        if (!options.ownPod) return run()
        const { namespace, pod } = options
        return ownPods.run(context, { context: options.context, namespace, pod }, port.signal, run)
      }),
    ),

    attach: topic.attach.handler(({ input, signal }) =>
      serveStream<AttachOptions, TerminalInput, TerminalOutput>(input, signal, (options, port) =>
        find(options.context).attach(options, { onInput: port.onData, signal: port.signal }, port.send),
      ),
    ),
  }
}

type WatchDown = { events: string } | { closed?: string | undefined }
type LogsDown = { text: string } | { ended?: string | undefined }

/** Runs a stream to its end. @returns the Status it failed with, as JSON; undefined at an orderly end. */
async function streamed(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return JSON.stringify(error.status)
    return JSON.stringify({ kind: 'Status', status: 'Failure', code: 503, message: messageOf(error) })
  }
}

/** Splits a text stream at line ends, so that each message holds whole events. */
function wholeLines(send: (message: { events: string }) => Promise<void>): (text: string) => Promise<void> {
  let rest = ''
  return async (text) => {
    const end = text.lastIndexOf('\n')
    if (end < 0) {
      rest += text
      return
    }
    const events = rest + text.slice(0, end + 1)
    rest = text.slice(end + 1)
    await send({ events })
  }
}
