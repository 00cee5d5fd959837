// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { h, nextTick, ref } from 'vue'
import { valuesForm } from '../../helm/values-form.ts'
import { valuesSchema } from '../../helm/values-schema.ts'
import ValuesForm from './ValuesForm.vue'

const defaults = 'replicas: 2\nimage:\n  repository: web\nmetrics:\n  enabled: false\npassword: change-me\nlist: []\n'

test('the form writes the text, and is written by it', async () => {
  const text = ref('# Mine.\nreplicas: 3\n')
  const fields = valuesForm(valuesSchema(undefined, defaults))
  const form = mount(() =>
    h(ValuesForm, { form: fields, text: text.value, 'onUpdate:text': (written: string) => (text.value = written) }),
  )
  const input = (at: number) => form.findAll<HTMLInputElement>('label input')[at]
  expect(input(0)?.element.value).toBe('3')
  expect(input(1)?.attributes('type')).toBe('password')
  expect(form.text()).not.toContain('change-me')

  await input(0)?.setValue('many')
  await input(0)?.trigger('change')
  expect(text.value).toBe('# Mine.\nreplicas: 3\n')
  expect(input(0)?.attributes('aria-invalid')).toBe('true')
  await input(0)?.setValue('5')
  await input(0)?.trigger('change')
  await form.find('select').setValue('true')
  expect(text.value).toBe('# Mine.\nreplicas: 5\nmetrics:\n  enabled: true\n')

  await form.find('input[type=search]').setValue('repository')
  expect(form.findAll('label')).toHaveLength(1)
  text.value = 'a: ['
  await nextTick()
  expect(form.find('fieldset').attributes()).toHaveProperty('disabled')
})

test('what the text sets is seen: a value that the chart does not offer, and what the form may not take away', async () => {
  const schema = JSON.stringify({ properties: { size: { enum: [1, 2] }, owner: { type: 'string' } } })
  const form = mount(ValuesForm, {
    props: { form: valuesForm(valuesSchema(schema, '')), text: 'size: 7\nowner: [a, b]\n' },
  })
  expect(form.find('select').element.value).toBe('7')
  const owner = form.find<HTMLInputElement>('label input')
  expect(owner.element.disabled).toBe(true)
  expect(form.find(`[id="${owner.attributes('aria-describedby')}"]`).text()).toContain('a list, a map or an alias')
  const described = form.find('select').attributes('aria-describedby')
  expect(form.find(`[id="${described}"]`).exists()).toBe(true)
})
