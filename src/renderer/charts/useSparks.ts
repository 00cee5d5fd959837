import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { UsageSubject } from '#shared/contract/metrics.ts'
import { useApi } from '../api/index.ts'
import { nowOf, type Values } from './history.ts'

/** The last quarter of an hour of a row. */
export interface Spark {
  cpu: Values
  memory: Values
  /** The newest values; undefined where there are none. */
  now: { cpu: number | undefined; memory: number | undefined }
}

const quarter = 15 * 60_000
const every = 10_000
/** The back takes no more at once. */
const most = 200

/** Usage of the rows in sight, by their ids, asked for again every ten seconds. */
export function useSparks(
  context: () => string,
  subjects: () => ReadonlyMap<string, UsageSubject>,
): ShallowRef<ReadonlyMap<string, Spark>> {
  const { back } = useApi()
  const sparks = shallowRef<ReadonlyMap<string, Spark>>(new Map())
  let round = 0
  async function read(mine: number): Promise<void> {
    const asked = [...subjects()].slice(0, most)
    if (asked.length > 0 && !document.hidden) {
      const answers = await back.metrics
        .usages({ context: context(), subjects: asked.map(([, subject]) => subject), since: Date.now() - quarter })
        .catch(() => [])
      if (mine !== round) return
      sparks.value = new Map(
        asked.flatMap(([id], at): [string, Spark][] => {
          const answer = answers[at]
          if (!answer || 'unavailable' in answer) return []
          const { cpu = [], memory = [] } = answer
          return [[id, { cpu, memory, now: { cpu: nowOf(cpu), memory: nowOf(memory) } }]]
        }),
      )
    }
    if (mine === round) setTimeout(() => mine === round && void read(mine), every)
  }
  watch(
    () => [context(), ...subjects().keys()].join('\n'),
    () => void read(++round),
    { immediate: true },
  )
  onScopeDispose(() => round++)
  return sparks
}
