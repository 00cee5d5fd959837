// @vitest-environment happy-dom
import { EditorView } from '@codemirror/view'
import { afterEach, expect, test } from 'vitest'
import { h, ref } from 'vue'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import YoursView from './YoursView.vue'

let face: Face
afterEach(() => face.unmount())

let file: string
let save: () => void
const isShown = ref(true)
const show = async (): Promise<void> => {
  file = '# old\n'
  isShown.value = true
  face = await mountFace({ render: () => (isShown.value ? h(YoursView) : h('p', 'elsewhere')) }, '/settings/yours', {
    back: {
      'yours.text': () => ({ text: file }),
      'yours.schema': { json: '{}' },
      'yours.check': { problems: [] },
      'yours.save': ({ text }: { text: string }) =>
        new Promise<void>((resolve) => {
          save = () => {
            file = text
            resolve()
          }
        }),
    },
  })
}
const type = async (text: string): Promise<void> => {
  const editor = EditorView.findFromDOM(document.body)
  editor?.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } })
  await settle()
}

test('a file is saved once, however often the button is pressed', async () => {
  await show()
  await type('# new\n')
  await face.press('Save')
  await face.press('Save')
  save()
  await settle()
  expect(face.backCalls.filter(([name]) => name === 'yours.save')).toHaveLength(1)
  expect(face.button('Save').disabled).toBe(true)
})

test('what was saved after the page was left is no draft', async () => {
  await show()
  await type('# new\n')
  await face.press('Save')
  isShown.value = false
  await settle()
  save()
  await settle()
  isShown.value = true
  await settle()
  expect(face.button('Save').disabled).toBe(true)
})
