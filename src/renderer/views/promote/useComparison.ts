import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { isForbidden, isNotFound } from '#shared/kube/error-kinds.ts'
import { ownSet, type OwnSet } from '#shared/kube/own-set.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../../api/index.ts'
import { inTurns } from '../../composables/in-turns.ts'
import { createApplier, type Applier } from '../../panels/manifest/apply.ts'
import { conflictsOf } from '../../panels/manifest/documents.ts'
import { effectOf, manager, type Effect } from '../../promote/plan.ts'
import type { Planned } from '../../promote/lacks.ts'

/** What the server says of an object that would be applied. */
export interface Verdict {
  effect?: Effect
  before?: KubeObject | undefined
  after?: KubeObject
  /** Fields that others own and that would change. */
  conflicts: readonly { manager: string; field: string }[]
  /** Why the server would not take it. */
  refused?: string
  /** The server cannot check it before something else of the plan is there. */
  unchecked?: boolean
}

export interface Comparison {
  /** Unset while the server is asked. */
  verdictOf(planned: Planned): Verdict | undefined
  isComplete: ComputedRef<boolean>
  /** Asks again for everything. */
  again(): void
}

/**
 * A dry run of each object that would be applied. An object is asked about again when its body changes, or the place.
 * @param planned those that can be applied: the server is not asked about others
 */
export function useComparison(
  place: () => { context: string; namespace: string; isNew: boolean },
  planned: () => readonly Planned[],
): Comparison {
  const api = useApi()
  const verdicts = shallowRef(new Map<string, Verdict>())
  const round = shallowRef(0)
  const keyOf = ({ body }: Planned): string =>
    JSON.stringify([round.value, place().context, place().isNew, body.metadata.namespace, body])

  watch(
    () => planned().map(keyOf),
    async (keys, _before, onCleanup) => {
      let stale = false
      onCleanup(() => (stale = true))
      const applier = createApplier(api.cluster(place().context).client.transport, manager)
      const own = ownSet(planned().map(({ body }) => ({ object: body })))
      const known = new Map([...verdicts.value].filter(([key]) => keys.includes(key)))
      const open = planned().filter((each) => !known.has(keyOf(each)))
      await inTurns(open, async (each) => {
        if (stale) return
        const key = keyOf(each)
        const verdict = await judge({ applier, own, ...place() }, each)
        if (stale) return
        known.set(key, verdict)
        verdicts.value = new Map(known)
      })
    },
    { immediate: true },
  )
  const verdictOf = (each: Planned): Verdict | undefined => verdicts.value.get(keyOf(each))
  return {
    verdictOf,
    isComplete: computed(() => planned().every((each) => verdictOf(each) !== undefined)),
    again: () => void round.value++,
  }
}

interface Judge {
  applier: Applier
  /** What the plan itself brings. */
  own: OwnSet
  namespace: string
  isNew: boolean
}

async function judge({ applier, own, namespace, isNew }: Judge, { body }: Planned): Promise<Verdict> {
  try {
    if (isNew && body.kind !== 'Namespace') return await rehearse(applier, body)
    return { ...(await dryRun(applier, body, { namespace })), conflicts: [] }
  } catch (error) {
    const conflicts = error instanceof ApiError && error.code === 409 ? conflictsOf(error.status.details) : []
    if (own.brings(messageOf(error)) !== undefined) return untested(body)
    if (conflicts.length === 0) return { conflicts, refused: messageOf(error) }
    // What it would be once the fields are taken over.
    return await dryRun(applier, body, { namespace, force: true }).then(
      (verdict) => ({ ...verdict, conflicts }),
      (refusal: unknown) => ({ conflicts, refused: messageOf(refusal) }),
    )
  }
}

async function dryRun(
  applier: Applier,
  body: KubeObject,
  options: { namespace: string; force?: boolean },
): Promise<Omit<Verdict, 'conflicts'>> {
  const { before, result } = await applier.apply(body, { ...options, dryRun: true })
  return { effect: effectOf(before, result), before, after: result }
}

/** In a namespace that is there: its own one is made first. */
async function rehearse(applier: Applier, body: KubeObject): Promise<Verdict> {
  try {
    await applier.rehearse(body)
    return { ...untested(body), unchecked: false }
  } catch (error) {
    // It may not be written there, or names what is in the plan and not there.
    if (isForbidden(error) || isNotFound(error)) return untested(body)
    throw error
  }
}

const untested = (body: KubeObject): Verdict => ({
  effect: { is: 'created', fields: [] },
  after: body,
  conflicts: [],
  unchecked: true,
})
