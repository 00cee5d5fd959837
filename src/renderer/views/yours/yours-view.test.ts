// @vitest-environment happy-dom
import { undo } from '@codemirror/commands'
import { EditorView } from '@codemirror/view'
import { afterEach, expect, test } from 'vitest'
import { h, ref } from 'vue'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import DialogHost from '../DialogHost.vue'
import NoticeRows from '../shell/NoticeRows.vue'
import YoursView from './YoursView.vue'

let face: Face
afterEach(() => face.unmount())

let file: string
/** What reading the file waits for. */
let reading: Promise<void>
let save: () => void
let refuse: (reason: string) => void
/** Tells the page that the file is another. */
let tell: () => void
async function* changes(): AsyncGenerator {
  for (;;) {
    yield { file: '/data/yours.yaml', inForce: {}, problems: [] }
    await new Promise<void>((resolve) => (tell = resolve))
  }
}
const shown = (): string => EditorView.findFromDOM(document.body)?.state.doc.toString() ?? ''
const isShown = ref(true)
const show = async (): Promise<void> => {
  file = '# old\n'
  reading = Promise.resolve()
  isShown.value = true
  const page = { render: () => [isShown.value ? h(YoursView) : h('p', 'elsewhere'), h(DialogHost), h(NoticeRows)] }
  face = await mountFace(page, '/settings/yours', {
    back: {
      'yours.watch': changes,
      'yours.text': () => reading.then(() => ({ text: file })),
      'yours.schema': { json: '{}' },
      'yours.check': { problems: [] },
      'yours.save': ({ text }: { text: string }) =>
        new Promise<void>((resolve, reject) => {
          refuse = (reason) => reject(new Error(reason))
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

test('why a file cannot be saved is told above it, and the text stays', async () => {
  await show()
  await type('# new\n')
  await face.press('Save')
  refuse('no space left on device')
  await settle()
  expect(document.querySelector('main [role=alert]')?.textContent).toBe('no space left on device')
  expect(shown()).toBe('# new\n')
  expect(face.button('Save').disabled).toBe(false)
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

test('a file that was changed meanwhile is loaded or overwritten, and the text it takes the place of comes back', async () => {
  await show()
  await type('# mine\n')
  file = '# theirs\n'
  await face.press('Save')
  await face.press('Load it')
  expect(shown()).toBe('# theirs\n')
  expect(face.button('Save').disabled).toBe(true)
  await face.press('Bring back my text')
  expect(shown()).toBe('# mine\n')
  // What was loaded has been seen: nobody is asked again.
  await face.press('Save')
  save()
  await settle()
  expect(file).toBe('# mine\n')

  await type('# mine again\n')
  file = '# theirs again\n'
  await face.press('Save')
  await face.press('Overwrite it')
  save()
  await settle()
  expect(file).toBe('# mine again\n')
})

test('undo brings back the text, too', async () => {
  await show()
  await type('# mine\n')
  file = '# theirs\n'
  await face.press('Save')
  await face.press('Load it')
  const editor = EditorView.findFromDOM(document.body)
  if (editor) undo(editor)
  await settle()
  expect(shown()).toBe('# mine\n')
  expect(face.button('Save').disabled).toBe(false)
})

test('my text comes back to the page that was left meanwhile', async () => {
  await show()
  await type('# mine\n')
  file = '# theirs\n'
  await face.press('Save')
  await face.press('Load it')
  isShown.value = false
  await settle()
  isShown.value = true
  await settle()
  expect(shown()).toBe('# theirs\n')
  await face.press('Bring back my text')
  expect(shown()).toBe('# mine\n')
})

test('a text that nobody has changed follows the file; a changed one does not', async () => {
  await show()
  file = '# theirs\n'
  tell()
  await settle()
  expect(shown()).toBe('# theirs\n')
  await type('# mine\n')
  file = '# theirs again\n'
  tell()
  await settle()
  expect(shown()).toBe('# mine\n')
})

test('what is typed while the file is saved or looked at stays', async () => {
  await show()
  await type('# new\n')
  await face.press('Save')
  await type('# newer\n')
  save()
  await settle()
  expect(shown()).toBe('# newer\n')
  expect(face.button('Save').disabled).toBe(false)

  file = '# theirs\n'
  const read = Promise.withResolvers<undefined>()
  reading = read.promise
  await face.press('Save')
  await type('# newest\n')
  read.resolve(undefined)
  await settle()
  await face.press('Load it')
  await face.press('Bring back my text')
  expect(shown()).toBe('# newest\n')
})
