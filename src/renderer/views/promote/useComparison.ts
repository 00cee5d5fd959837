import { shallowRef, watch } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { createRehearsal, type Rehearse, type Rehearsed } from '#shared/client/rehearsal.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { ApiError } from '#shared/kube/status.ts'
import { useApi } from '../../api/index.ts'
import { inTurns } from '../../composables/in-turns.ts'
import { createApplier } from '../../panels/manifest/apply.ts'
import { conflictsOf } from '../../panels/manifest/documents.ts'
import type { Verdict } from '../../promote/outlook.ts'
import { effectOf, manager } from '../../promote/plan.ts'
import type { Planned } from '../../promote/lacks.ts'

export interface Comparison {
  /** Unset while the server is asked. */
  verdictOf(planned: Planned): Verdict | undefined
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
      const { namespace, isNew } = place()
      const bodies = planned().map(({ body }) => body)
      const rehearse = createRehearsal(applier, bodies, { namespace, unmade: isNew ? [namespace] : [] })
      const known = new Map([...verdicts.value].filter(([key]) => keys.includes(key)))
      const open = planned().filter((each) => !known.has(keyOf(each)))
      await inTurns(open, async (each) => {
        if (stale) return
        const key = keyOf(each)
        const verdict = await judge(rehearse, each)
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
    again: () => void round.value++,
  }
}

async function judge(rehearse: Rehearse, { body }: Planned): Promise<Verdict> {
  try {
    return { ...verdictOn(body, await rehearse(body)), conflicts: [] }
  } catch (error) {
    const conflicts = error instanceof ApiError && error.code === 409 ? conflictsOf(error.status.details) : []
    if (conflicts.length === 0) return { conflicts, refused: messageOf(error) }
    // What it would be once the fields are taken over.
    return await rehearse(body, { force: true }).then(
      (rehearsed) => ({ ...verdictOn(body, rehearsed), conflicts }),
      (refusal: unknown) => ({ conflicts, refused: messageOf(refusal) }),
    )
  }
}

function verdictOn(body: KubeObject, rehearsed: Rehearsed): Omit<Verdict, 'conflicts'> {
  if (rehearsed.checked !== 'there')
    return { effect: { is: 'created', fields: [] }, after: body, unchecked: rehearsed.checked === 'no' }
  const { before, result } = rehearsed
  return { effect: effectOf(before, result), before, after: result }
}
