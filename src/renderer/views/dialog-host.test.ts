// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import { useDialogs } from '../stores/dialogs.ts'
import { useNotices } from '../stores/notices.ts'
import DialogHost from './DialogHost.vue'

let face: Face
afterEach(() => face.unmount())

const asked = () => {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  return { act: () => promise, resolve, reject }
}
const ask = async (name: string, { act }: { act(): Promise<unknown> }): Promise<void> => {
  useDialogs(face.pinia).confirm({ title: `Delete ${name}?`, text: '', verb: `Delete ${name}`, typed: name, act })
  await settle()
}
const confirm = async (name: string): Promise<void> => {
  const field = document.querySelector<HTMLInputElement>('[role=dialog] input')
  if (!field) throw new Error('nothing is asked')
  field.value = name
  field.dispatchEvent(new Event('input'))
  await settle()
  await face.press(`Delete ${name}`)
}

test('a question in the place of another is not answered, held up or closed by it', async () => {
  face = await mountFace(DialogHost, '/')
  const [first, second] = [asked(), asked()]
  await ask('a', first)
  await confirm('a')
  await ask('b', second)
  expect(document.querySelector<HTMLInputElement>('[role=dialog] input')?.value).toBe('')
  first.resolve(undefined)
  await settle()
  expect(face.text()).toContain('Delete b?')
})

test('what fails after its dialog was left is told by a notice', async () => {
  face = await mountFace(DialogHost, '/')
  const question = asked()
  await ask('a', question)
  await confirm('a')
  await face.router.push('/settings/data')
  await settle()
  question.reject(new Error('a is needed'))
  await settle()
  expect(useNotices(face.pinia).notices.map(({ text }) => text)).toEqual(['a is needed'])
})
