import { ref, type Ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'

/** What a dialog does when its button is pressed: busy meanwhile; a failure is told and keeps the dialog open. */
export function useSubmit(
  act: () => Promise<unknown>,
  onDone: () => void,
): { busy: Ref<boolean>; error: Ref<string>; submit(): Promise<void> } {
  const busy = ref(false)
  const error = ref('')
  return {
    busy,
    error,
    async submit() {
      if (busy.value) return
      busy.value = true
      error.value = ''
      try {
        await act()
        onDone()
      } catch (failure) {
        error.value = messageOf(failure)
      } finally {
        busy.value = false
      }
    },
  }
}
