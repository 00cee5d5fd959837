import { onScopeDispose, ref, type Ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { Draft } from '#shared/contract/app.ts'
import { useApi } from '../../api/index.ts'

/** Time without typing after which a text is kept, ms. */
const pause = 500

export interface KeptDraft {
  /** Why the text is not kept; empty when it is. */
  notKept: Ref<string>
  find(): Promise<Draft | undefined>
  /** Keeps a text once the user pauses. @param base the server's text that the edit began from */
  keep(text: string, base?: string): void
  remove(): Promise<void>
}

/** Text that outlives a crash: kept by the back under a key, also where it is left within the pause. */
export function useDraft(key: string): KeptDraft {
  const { app } = useApi().back
  const notKept = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: Draft | undefined
  function save(): void {
    clearTimeout(timer)
    if (!waiting) return
    // The back refuses what may hold a Secret.
    app.saveDraft(waiting).then(
      () => (notKept.value = ''),
      (failure: unknown) => (notKept.value = messageOf(failure)),
    )
    waiting = undefined
  }
  onScopeDispose(save)
  return {
    notKept,
    find: async () => (await app.drafts()).find((draft) => draft.key === key),
    keep(text, base) {
      clearTimeout(timer)
      waiting = { key, text, base, savedAt: Date.now() }
      timer = setTimeout(save, pause)
    },
    async remove() {
      clearTimeout(timer)
      waiting = undefined
      notKept.value = ''
      await app.removeDraft({ key }).catch(() => undefined)
    },
  }
}
