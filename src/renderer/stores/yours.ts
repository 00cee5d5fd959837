import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Yours, YoursState } from '#shared/contract/yours.ts'
import { useApi } from '../api/index.ts'
import { useStream } from '../composables/useStream.ts'

/** The user's own actions, columns, links and shortcuts, as they are in force. */
export const useYours = defineStore('yours', () => {
  const { back } = useApi()
  const state = shallowRef<YoursState>()
  useStream(back.yours.watch, {}, (message) => void (state.value = message))
  /** What the editor holds that is not saved. */
  const draft = ref<string>()
  /** What that was made of. */
  const draftBase = ref<string>()
  function keep(text: string | undefined, base: string | undefined): void {
    draft.value = text
    draftBase.value = base
  }
  return {
    draft: computed(() => draft.value),
    draftBase: computed(() => draftBase.value),
    keep,
    inForce: computed((): Yours => state.value?.inForce ?? {}),
    problems: computed(() => state.value?.problems ?? []),
    file: computed(() => state.value?.file ?? ''),
    text: async () => (await back.yours.text()).text,
    save: (text: string, base: string) => back.yours.save({ text, base }),
    check: async (text: string) => (await back.yours.check({ text })).problems,
    schema: async () => (await back.yours.schema()).json,
  }
})

/** Whether a name of the user's means a kind: `Pod`, `apps/Deployment`, or `*` for all. */
export const meansKind = (name: string, { group, kind }: { group: string; kind: string }): boolean =>
  name === '*' || name === kind || name === `${group}/${kind}`
