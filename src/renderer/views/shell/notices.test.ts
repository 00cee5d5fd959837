// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import { useNotices } from '../../stores/notices.ts'
import NoticeRows from './NoticeRows.vue'

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => void vi.useRealTimers())

test('a success leaves for the bell after six seconds, a failure stays', async () => {
  const notices = useNotices()
  notices.say('Scaled web')
  notices.fail(new Error('refused'))
  vi.advanceTimersByTime(6_000)
  expect(notices.notices.map(({ text }) => text)).toEqual(['refused'])
  expect(notices.waiting.map(({ text }) => text)).toEqual(['Scaled web'])
})

test('a success stays while it is looked at', async () => {
  const notices = useNotices()
  const rows = mount(NoticeRows)
  notices.say('Scaled web')
  await nextTick()
  await rows.get('[role=status]').trigger('mouseenter')
  vi.advanceTimersByTime(20_000)
  expect(notices.notices).toHaveLength(1)
  await rows.get('[role=status]').trigger('mouseleave')
  vi.advanceTimersByTime(6_000)
  expect(notices.notices).toHaveLength(0)
})

test('three are shown, the rest waits in the bell; the same failure is told once', () => {
  const notices = useNotices()
  for (const text of ['a', 'b', 'c', 'd', 'd']) notices.fail(new Error(text))
  expect(notices.notices.map(({ text }) => text)).toEqual(['b', 'c', 'd'])
  expect(notices.waiting.map(({ text }) => text)).toEqual(['a'])
})
