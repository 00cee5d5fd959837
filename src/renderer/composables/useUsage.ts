import { effectScope, shallowRef, watch, type ShallowRef } from 'vue'
import type { UsageSubject } from '#shared/contract/metrics.ts'
import { useApi } from '../api/index.ts'
import { useStream } from './useStream.ts'

/** What something uses now. */
export interface Usage {
  /** Cores. */
  cpu: number | undefined
  /** Working set, bytes. */
  memory: number | undefined
}

/** Points older than this tell nothing of now, ms. */
const recent = 3 * 60_000

/** What an object uses, followed while the caller lives; undefined where its cluster has no metrics of it. */
export function useUsage(asked: () => { context: string; subject: UsageSubject }): ShallowRef<Usage | undefined> {
  const { back } = useApi()
  const usage = shallowRef<Usage>()
  watch(
    () => JSON.stringify(asked()),
    (_now, _before, onCleanup) => {
      usage.value = undefined
      const scope = effectScope()
      scope.run(() =>
        useStream(back.metrics.watchUsage, { ...asked(), since: Date.now() - recent }, (answer) => {
          if ('unavailable' in answer) return void (usage.value = undefined)
          const cpu = latest(answer.cpu) ?? usage.value?.cpu
          const memory = latest(answer.memory) ?? usage.value?.memory
          if (cpu !== undefined || memory !== undefined) usage.value = { cpu, memory }
        }),
      )
      onCleanup(() => scope.stop())
    },
    { immediate: true },
  )
  return usage
}

const latest = (points: readonly (number | null)[] = []): number | undefined =>
  points.findLast((point) => point !== null) ?? undefined
