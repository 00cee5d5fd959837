import { effectScope, shallowRef, watch, type ShallowRef } from 'vue'
import type { UsageSubject } from '#shared/contract/metrics.ts'
import { useApi } from '../api/index.ts'
import { merged, nowOf, type History } from '../charts/history.ts'
import { useStream } from './useStream.ts'

/** What something uses now. */
export interface Usage {
  /** Cores. */
  cpu: number | undefined
  /** Working set, bytes. */
  memory: number | undefined
}

/** How far back the first answer goes, ms. */
const recent = 60_000

/** What an object uses, followed while the caller lives; undefined where its cluster has no metrics of it. */
export function useUsage(asked: () => { context: string; subject: UsageSubject }): ShallowRef<Usage | undefined> {
  const { back } = useApi()
  const usage = shallowRef<Usage>()
  watch(
    () => JSON.stringify(asked()),
    (_now, _before, onCleanup) => {
      usage.value = undefined
      let history: History | undefined
      const scope = effectScope()
      scope.run(() =>
        useStream(back.metrics.watchUsage, { ...asked(), since: Date.now() - recent }, (answer) => {
          history = 'unavailable' in answer ? undefined : merged(history, answer)
          const [cpu, memory] = [nowOf(history?.values.cpu), nowOf(history?.values.memory)]
          usage.value = cpu === undefined && memory === undefined ? undefined : { cpu, memory }
        }),
      )
      onCleanup(() => scope.stop())
    },
    { immediate: true },
  )
  return usage
}
