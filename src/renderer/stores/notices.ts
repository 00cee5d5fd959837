import { defineStore } from 'pinia'
import { ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'

export interface Notice {
  id: number
  text: string
  tone: 'good' | 'bad'
}

/** Short messages in a corner: successes disappear after four seconds, failures stay until they are dismissed. */
export const useNotices = defineStore('notices', () => {
  const notices = ref<Notice[]>([])
  let next = 1
  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }
  function say(text: string): void {
    const id = next++
    notices.value.push({ id, text, tone: 'good' })
    setTimeout(() => dismiss(id), 4_000)
  }
  function fail(error: unknown): void {
    notices.value.push({ id: next++, text: messageOf(error), tone: 'bad' })
  }
  return { notices, dismiss, say, fail }
})
