import type { ContextUsage } from '#main/contexts/usage.ts'
import type { UsageAnswer, UsageQuery } from '#shared/contract/metrics.ts'
import { implementer } from './implementer.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { serveStream } from './stream.ts'

export function metricsTopic(contexts: Contexts) {
  const topic = implementer.metrics
  const usageOf = (id: string): ContextUsage => contextOf(contexts, id).usage
  return {
    usage: topic.usage.handler(({ input }) => usageOf(input.context).read(input.subject, input.since ?? 0)),
    usages: topic.usages.handler(({ input: { context, subjects, since = 0 } }) => {
      const usage = usageOf(context)
      return Promise.all(subjects.map((subject) => (usage.readRow ?? usage.read)(subject, since)))
    }),
    watchUsage: topic.watchUsage.handler(({ input, signal }) =>
      serveStream<UsageQuery, never, UsageAnswer>(input, signal, (query, port) =>
        follow(usageOf(query.context), query, port),
      ),
    ),
  }
}

/** Sends what there is, then what is new at each step; a slow reader gets several steps at once. */
async function follow(
  usage: ContextUsage,
  { subject, since = 0 }: UsageQuery,
  port: { send(message: UsageAnswer): Promise<void>; signal: AbortSignal },
): Promise<void> {
  let dirty = true
  let wake: () => void = () => undefined
  const stop = usage.watch(subject, () => {
    dirty = true
    wake()
  })
  port.signal.addEventListener('abort', () => wake(), { once: true })
  let next = since
  let told: string | undefined
  try {
    while (!port.signal.aborted) {
      if (!dirty) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      dirty = false
      const answer = await usage.read(subject, next)
      if ('unavailable' in answer) {
        if (answer.unavailable !== told) await port.send(answer)
        told = answer.unavailable
      } else if (answer.length > 0 || told !== undefined || next === since) {
        await port.send(answer)
        told = undefined
        next = Math.max(next + 1, answer.start + answer.length * answer.stepMs)
      }
    }
  } finally {
    await stop()
  }
}
