// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { h, nextTick, ref } from 'vue'
import NumberSetting from './NumberSetting.vue'

test('what is typed after a number was sent stays, whatever becomes of that; else the field follows the setting', async () => {
  const value = ref(100)
  const field = mount(() => h(NumberSetting, { name: 'Lines', text: '', value: value.value, min: 1, max: 9_999 }))
  const input = field.get('input')
  const becomes = async (now: number): Promise<void> => {
    value.value = now
    await nextTick()
  }
  await input.setValue('200')
  await becomes(200)
  await input.setValue('2000')
  // It was refused.
  await becomes(100)
  expect(input.element.value).toBe('2000')

  await input.setValue('100')
  await becomes(300)
  expect(input.element.value).toBe('300')
})
