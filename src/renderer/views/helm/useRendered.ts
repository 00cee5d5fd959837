import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { HelmChange, HelmHook } from '#shared/contract/helm.ts'
import { useApi } from '../../api/index.ts'

/** What is to be rendered. */
export interface Plan {
  context: string
  action: 'install' | 'upgrade'
  namespace: string
  name: string
  /** Id of an opened chart. */
  chart: string
  values: string
}

export interface Rendered {
  result: ShallowRef<
    { changes: readonly HelmChange[]; hooks: readonly HelmHook[]; notes: string; ms: number } | undefined
  >
  busy: Ref<boolean>
  /** What Helm has against it; '' when nothing. */
  error: Ref<string>
  /** A release of that name is there, which an install would not take over. */
  taken: Ref<boolean>
}

/** The server's dry run of a plan, again when the plan changes; the last result stays until the next one is there. */
export function useRendered(plan: () => Plan | undefined): Rendered {
  const api = useApi()
  const rendered: Rendered = { result: shallowRef(), busy: ref(false), error: ref(''), taken: ref(false) }
  const { result, busy, error, taken } = rendered
  watch(
    () => JSON.stringify(plan()),
    async (_now, _before, onCleanup) => {
      let stale = false
      onCleanup(() => (stale = true))
      const wanted = plan()
      busy.value = wanted !== undefined
      if (!wanted) return
      const begun = performance.now()
      try {
        const { context, namespace, name, action } = wanted
        const [answer, { revisions }] = await Promise.all([
          api.back.helm.render(wanted),
          action === 'install' ? api.back.helm.history({ context, namespace, name }) : { revisions: [] },
        ])
        if (stale) return
        result.value = { ...answer, ms: Math.round(performance.now() - begun) }
        taken.value = revisions[0] !== undefined && revisions[0].status !== 'uninstalled'
        error.value = ''
      } catch (failure) {
        if (stale) return
        error.value = messageOf(failure)
        result.value = undefined
      }
      busy.value = false
    },
    { immediate: true },
  )
  return rendered
}
