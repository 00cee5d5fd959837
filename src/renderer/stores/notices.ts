import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'

export interface Notice {
  id: number
  text: string
  tone: 'good' | 'bad'
  /** ms since the epoch. */
  at: number
  /** What can be done about it: Undo. */
  action?: { label: string; run(): void }
}

/** How long a success is shown, ms. */
export const successTime = 6_000
/** How many are shown above the status bar; older ones wait in the bell. */
const mostShown = 3
/** How many the bell keeps. */
const mostKept = 50

/**
 * Short messages in rows above the status bar: successes leave after six seconds, failures stay until they are
 * dismissed. The bell keeps what has left by itself.
 */
export const useNotices = defineStore('notices', () => {
  const current = ref<Notice[]>([])
  const past = ref<Notice[]>([])
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  let next = 1

  function add(notice: Omit<Notice, 'id' | 'at'>): number {
    const id = next++
    current.value = [...current.value, { ...notice, id, at: Date.now() }]
    return id
  }
  function leave(id: number): void {
    const left = current.value.find((notice) => notice.id === id)
    dismiss(id)
    if (left) past.value = [left, ...past.value].slice(0, mostKept)
  }
  function dismiss(id: number): void {
    release(id)
    current.value = current.value.filter((notice) => notice.id !== id)
    past.value = past.value.filter((notice) => notice.id !== id)
  }
  /** Keeps a success while it is looked at: hovered or focused. */
  function hold(id: number): void {
    clearTimeout(timers.get(id))
  }
  function release(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }
  /** Lets a success leave in six seconds. */
  function resume(id: number): void {
    const notice = current.value.find((each) => each.id === id)
    if (notice?.tone !== 'good') return
    release(id)
    timers.set(
      id,
      setTimeout(() => leave(id), successTime),
    )
  }
  function say(text: string, action?: Notice['action']): void {
    resume(add({ text, tone: 'good', ...(action ? { action } : {}) }))
  }
  function fail(error: unknown): void {
    const text = messageOf(error)
    // The same failure again is told again, not twice.
    for (const { id } of current.value.filter((notice) => notice.tone === 'bad' && notice.text === text)) dismiss(id)
    add({ text, tone: 'bad' })
  }

  return {
    /** Those above the status bar, the newest last. */
    notices: computed(() => current.value.slice(-mostShown)),
    /** Those behind the bell, the newest first. */
    waiting: computed(() => [...current.value.slice(0, -mostShown).reverse(), ...past.value]),
    dismiss,
    clear: () => void (past.value = []),
    hold,
    resume,
    say,
    fail,
  }
})
