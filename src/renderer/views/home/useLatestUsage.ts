import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { UsagePoints, UsageQuery } from '#shared/contract/metrics.ts'
import { useApi } from '../../api/index.ts'

/** Use at the last measurement. */
export interface Usage {
  /** Cores. */
  cpu?: number | undefined
  /** Bytes. */
  memory?: number | undefined
}

/** Measurements are ten seconds apart. */
const every = 10_000

/** The latest usage of subjects, by the key that the caller gives them; asked for again every ten seconds. */
export function useLatestUsage(
  subjects: () => ReadonlyMap<string, UsageQuery>,
): ShallowRef<ReadonlyMap<string, Usage>> {
  const { back } = useApi()
  const usage = shallowRef<ReadonlyMap<string, Usage>>(new Map())
  async function read(): Promise<void> {
    const since = Date.now() - 6 * every
    const found = await Promise.all(
      [...subjects()].map(async ([key, query]): Promise<[string, Usage][]> => {
        try {
          const answer = await back.metrics.usage({ ...query, since })
          return 'unavailable' in answer ? [] : [[key, latestOf(answer)]]
        } catch {
          return []
        }
      }),
    )
    usage.value = new Map(found.flat())
  }
  watch(() => [...subjects().keys()].join(), read, { immediate: true })
  const timer = setInterval(() => void read(), every)
  onScopeDispose(() => clearInterval(timer))
  return usage
}

const latestOf = ({ cpu, memory }: UsagePoints): Usage => ({ cpu: lastOf(cpu), memory: lastOf(memory) })
const lastOf = (values: readonly (number | null)[] | undefined): number | undefined =>
  values?.findLast((value) => value !== null) ?? undefined
