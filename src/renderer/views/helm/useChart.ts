import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { ChartSource, OpenedChart } from '#shared/contract/helm.ts'
import { useApi } from '../../api/index.ts'

export interface Chart {
  chart: ShallowRef<OpenedChart | undefined>
  opening: Ref<boolean>
  /** Why it could not be opened; '' when it could. */
  error: Ref<string>
}

/** Opens a chart, and another one when the source changes. @param source unset while none is chosen */
export function useChart(source: () => ChartSource | undefined): Chart {
  const api = useApi()
  const chart = shallowRef<OpenedChart>()
  const opening = ref(false)
  const error = ref('')
  watch(
    () => JSON.stringify(source()),
    async (_now, _before, onCleanup) => {
      let stale = false
      onCleanup(() => (stale = true))
      chart.value = undefined
      error.value = ''
      const wanted = source()
      opening.value = wanted !== undefined
      if (!wanted) return
      try {
        const opened = await api.back.helm.openChart({ source: wanted })
        if (!stale) chart.value = opened
      } catch (failure) {
        if (!stale) error.value = messageOf(failure)
      }
      if (!stale) opening.value = false
    },
    { immediate: true },
  )
  return { chart, opening, error }
}
