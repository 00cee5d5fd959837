import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { ComparedObject } from '#shared/contract/history.ts'
import { useApi } from '../../api/index.ts'

/** The objects of a namespace that differ now from what they were at a time. */
export interface Comparison {
  objects: ShallowRef<ComparedObject[]>
  state: Ref<'loading' | 'ready' | 'unavailable' | 'failed'>
  reason: Ref<string>
  load(): Promise<void>
}

export function useComparison(
  subject: () => { context: string; namespace: string; time: number } | undefined,
): Comparison {
  const api = useApi()
  const objects = shallowRef<ComparedObject[]>([])
  const state = ref<'loading' | 'ready' | 'unavailable' | 'failed'>('loading')
  const reason = ref('')
  async function load(): Promise<void> {
    const asked = subject()
    if (!asked) return
    const isStale = (): boolean => JSON.stringify(asked) !== JSON.stringify(subject())
    try {
      const answer = await api.back.history.changesSince(asked)
      if (isStale()) return
      if ('unavailable' in answer) {
        state.value = 'unavailable'
        reason.value = answer.unavailable
        return
      }
      objects.value = answer.objects
      state.value = 'ready'
    } catch (error) {
      if (isStale()) return
      state.value = 'failed'
      reason.value = messageOf(error)
    }
  }
  watch(
    () => JSON.stringify(subject()),
    () => {
      objects.value = []
      state.value = 'loading'
      void load()
    },
    { immediate: true },
  )
  return { objects, state, reason, load }
}

/** `2026-11-29T14:04:05` by the user's clock, as `datetime-local` wants it. */
export function localText(time: number): string {
  const date = new Date(time)
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
