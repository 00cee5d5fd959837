import type { ContextHistory } from '#main/contexts/object-history.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { implementer } from './implementer.ts'
import { withUserError } from './user-error.ts'

export function historyTopic(contexts: Contexts) {
  const topic = implementer.history
  const kept = (id: string): ContextHistory => {
    const { history } = contextOf(contexts, id)
    if (!history) throw new Error(unavailable)
    return history
  }
  return {
    versions: topic.versions.handler(({ input, errors }) =>
      withUserError(errors, async () => {
        const { history } = contextOf(contexts, input.context)
        if (!history) return { unavailable }
        return { versions: await history.versions(input.object), bytes: await history.size() }
      }),
    ),
    version: topic.version.handler(({ input: { context, object, revision, side }, errors }) =>
      withUserError(errors, async () => ({ json: await kept(context).version(object, revision, side) })),
    ),
    changesSince: topic.changesSince.handler(({ input: { context, namespace, time }, errors }) =>
      withUserError(errors, async () => {
        const { history } = contextOf(contexts, context)
        return history ? { objects: await history.changesSince(namespace, time) } : { unavailable }
      }),
    ),
    objectAt: topic.objectAt.handler(({ input: { context, object, time }, errors }) =>
      withUserError(errors, async () => {
        const then = await kept(context).objectAt(object, time)
        return then === undefined ? { unchanged: true as const } : { json: then }
      }),
    ),
  }
}

const unavailable = 'Slipway keeps the versions of objects of local clusters only'
