import { effectScope, shallowRef, watch, type ShallowRef } from 'vue'
import type { UsageSubject } from '#shared/contract/metrics.ts'
import { useApi } from '../api/index.ts'
import { useStream } from '../composables/useStream.ts'
import { merged, type History } from './history.ts'

export interface LiveHistory {
  history: ShallowRef<History | undefined>
  /** Why there is none. */
  unavailable: ShallowRef<string | undefined>
}

/** The last hour of a subject's usage, followed while the caller lives. */
export function useHistory(asked: () => { context: string; subject: UsageSubject }): LiveHistory {
  const { back } = useApi()
  const history = shallowRef<History>()
  const unavailable = shallowRef<string>()
  watch(
    () => JSON.stringify(asked()),
    (_now, _before, onCleanup) => {
      history.value = undefined
      unavailable.value = undefined
      const scope = effectScope()
      scope.run(() =>
        useStream(back.metrics.watchUsage, asked(), (answer) => {
          if ('unavailable' in answer) return void (unavailable.value = answer.unavailable)
          unavailable.value = undefined
          history.value = merged(history.value, answer)
        }),
      )
      onCleanup(() => scope.stop())
    },
    { immediate: true },
  )
  return { history, unavailable }
}
