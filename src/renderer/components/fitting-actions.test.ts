// @vitest-environment happy-dom
import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import FittingActions from './FittingActions.vue'

let wrapper: VueWrapper | undefined
afterEach(() => {
  wrapper?.unmount()
  vi.restoreAllMocks()
})

const run = vi.fn()
const actions = ['Format', 'kubectl', 'Dry run', 'Deploy'].map((label) => ({ id: label, label, run }))
/** Each button is 80 px wide. */
async function buttonsWithin(width: number): Promise<string[]> {
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(80)
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(width)
  wrapper = mount(FittingActions, { props: { actions, label: 'Deploy' } })
  await nextTick()
  await nextTick()
  return wrapper.findAll('button').map((button) => button.attributes('aria-label') ?? button.text())
}

test('all buttons that have room stand on the row, without a menu', async () => {
  expect(await buttonsWithin(4 * 80 + 3 * 6)).toEqual(['Format', 'kubectl', 'Dry run', 'Deploy'])
})

test('the first ones go into the menu: what the toolbar is for stays to the last', async () => {
  expect(await buttonsWithin(300)).toEqual(['kubectl', 'Dry run', 'Deploy', 'More of Deploy'])
  wrapper?.unmount()
  expect(await buttonsWithin(130)).toEqual(['Deploy', 'More of Deploy'])
})
