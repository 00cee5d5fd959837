import type { ContextHistory } from '#main/contexts/object-history.ts'
import { contextOf, type Contexts } from './contexts.ts'
import { implementer } from './implementer.ts'

export function historyTopic(contexts: Contexts) {
  const topic = implementer.history
  const kept = (id: string): ContextHistory => {
    const { history } = contextOf(contexts, id)
    if (!history) throw new Error(unavailable)
    return history
  }
  return {
    versions: topic.versions.handler(async ({ input }) => {
      const { history } = contextOf(contexts, input.context)
      if (!history) return { unavailable }
      return { versions: await history.versions(input.object), bytes: await history.size() }
    }),
    version: topic.version.handler(async ({ input: { context, object, revision, side } }) => ({
      json: await kept(context).version(object, revision, side),
    })),
    changesSince: topic.changesSince.handler(async ({ input: { context, namespace, time } }) => {
      const { history } = contextOf(contexts, context)
      return history ? { objects: await history.changesSince(namespace, time) } : { unavailable }
    }),
    objectAt: topic.objectAt.handler(async ({ input: { context, object, time } }) => {
      const then = await kept(context).objectAt(object, time)
      return then === undefined ? { unchanged: true as const } : { json: then }
    }),
  }
}

const unavailable = 'Slipway keeps the versions of objects of local clusters only'
