import { onScopeDispose, ref, type Ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { useNotices } from '../stores/notices.ts'

/**
 * What a dialog or a form does when its button is pressed: once at a time; a failure is told beside it (ErrorNote) and leaves what was
 * typed. One that has been left meanwhile tells it by a notice: a dialog is to be mounted for as long as it is open.
 */
export function useSubmit<Wanted extends unknown[] = []>(
  act: (...wanted: Wanted) => Promise<unknown>,
  onDone: () => void = () => undefined,
): { busy: Ref<boolean>; error: Ref<string>; submit(...wanted: Wanted): Promise<void> } {
  const busy = ref(false)
  const error = ref('')
  const notices = useNotices()
  let isGone = false
  onScopeDispose(() => (isGone = true))
  return {
    busy,
    error,
    async submit(...wanted) {
      if (busy.value) return
      busy.value = true
      error.value = ''
      try {
        await act(...wanted)
        if (!isGone) onDone()
      } catch (failure) {
        if (isGone) notices.fail(failure)
        else error.value = messageOf(failure)
      } finally {
        busy.value = false
      }
    },
  }
}
