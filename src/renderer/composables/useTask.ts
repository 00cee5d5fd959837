import { ref, type Ref } from 'vue'
import { useNotices } from '../stores/notices.ts'

/** What a button of a page starts: once at a time, and a failure is told by a notice. */
export function useTask<Wanted extends unknown[]>(
  act: (...wanted: Wanted) => Promise<unknown>,
): { busy: Ref<boolean>; start(...wanted: Wanted): Promise<void> } {
  const notices = useNotices()
  const busy = ref(false)
  return {
    busy,
    async start(...wanted) {
      if (busy.value) return
      busy.value = true
      try {
        await act(...wanted)
      } catch (failure) {
        notices.fail(failure)
      } finally {
        busy.value = false
      }
    },
  }
}
