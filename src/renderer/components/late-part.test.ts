// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { defineComponent, h, type Component } from 'vue'
import { latePart } from './late-part.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const text = (words: string) => defineComponent({ render: () => h('p', words) })
const withinPage = (part: Component) => defineComponent({ render: () => h('div', h(part)) })
/** Fails with each of these, one call after the other, and then loads. */
function failing(...failures: string[]) {
  return vi.fn(() => {
    const failure = failures.shift()
    return failure === undefined ? Promise.resolve(text('the part')) : Promise.reject(new Error(failure))
  })
}

test('a part that fails to load is asked for again', async () => {
  const load = failing('busy', 'busy')
  const shown = mount(withinPage(latePart(load)))
  await vi.advanceTimersByTimeAsync(2_000)
  expect(shown.text()).toBe('the part')
  expect(load).toHaveBeenCalledTimes(3)
})

test('a part that cannot be loaded says why, and is loaded when it is shown anew', async () => {
  const part = latePart(failing('gone', 'gone', 'gone'))
  const shown = mount(withinPage(part))
  await vi.advanceTimersByTimeAsync(2_000)
  expect(shown.get('[role=alert]').text()).toBe('This part of the page could not be loaded: gone')
  shown.unmount()
  const again = mount(withinPage(part))
  await vi.advanceTimersByTimeAsync(0)
  expect(again.text()).toBe('the part')
})
