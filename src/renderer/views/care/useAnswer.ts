import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'

/** What the back answers, asked for again when `key` changes; the old answer stays until the new one is there. */
export function useAnswer<T>(
  key: () => string | undefined,
  ask: () => Promise<T>,
): { value: ShallowRef<T | undefined>; error: Ref<string>; again(): Promise<void> } {
  const value = shallowRef<T>()
  const error = ref('')
  let asked = 0
  async function again(): Promise<void> {
    const own = ++asked
    try {
      const answer = await ask()
      if (own !== asked) return
      value.value = answer
      error.value = ''
    } catch (failure) {
      if (own === asked) error.value = messageOf(failure)
    }
  }
  watch(
    key,
    (now) => {
      if (now === undefined) value.value = undefined
      else void again()
    },
    { immediate: true },
  )
  return { value, error, again }
}
