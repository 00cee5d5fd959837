import { onScopeDispose, ref, type Ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { useNotices } from '../stores/notices.ts'

/**
 * What a dialog does when its button is pressed: busy meanwhile; a failure is told and keeps the dialog open. One that has been
 * left meanwhile tells it by a notice.
 */
export function useSubmit(
  act: () => Promise<unknown>,
  onDone: () => void,
): { busy: Ref<boolean>; error: Ref<string>; submit(): Promise<void> } {
  const busy = ref(false)
  const error = ref('')
  const notices = useNotices()
  let isGone = false
  onScopeDispose(() => (isGone = true))
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
        if (isGone) notices.fail(failure)
        else error.value = messageOf(failure)
      } finally {
        busy.value = false
      }
    },
  }
}
