// @vitest-environment happy-dom
import { undo } from '@codemirror/commands'
import { EditorView } from '@codemirror/view'
import { afterEach, expect, test } from 'vitest'
import type { Draft } from '#shared/contract/app.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import { useManifests } from '../stores/manifests.ts'
import DeployPanel from './DeployPanel.vue'

let face: Face
afterEach(() => face.unmount())

const kept: Draft = { key: 'new/local:dev', text: 'kind: Kept\n', savedAt: 0 }
const show = async (drafts: unknown): Promise<void> => {
  face = await mountFace(DeployPanel, '/', {
    objects: { 'local:dev': {} },
    props: { target: { context: 'local:dev' }, shown: true },
    back: { 'app.drafts': drafts },
  })
}
function editor(): EditorView {
  const found = EditorView.findFromDOM(document.body)
  if (!found) throw new Error('there is no editor')
  return found
}
const text = (): string => editor().state.doc.toString()
const calls = (wanted: string): unknown[] => face.backCalls.flatMap(([name, input]) => (name === wanted ? [input] : []))
/** Longer than the pause after which a text is kept. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 600))

test('what is typed before the draft is there stays and replaces no draft, which undo brings', async () => {
  let answer: (drafts: Draft[]) => void = () => undefined
  await show(() => new Promise<Draft[]>((resolve) => (answer = resolve)))
  editor().dispatch({ changes: { from: 0, insert: 'kind: Typed\n' }, userEvent: 'input.type' })
  await pause()
  expect(calls('app.saveDraft')).toEqual([])
  answer([kept])
  await settle()
  expect(text()).toBe('kind: Typed\n')
  await pause()
  expect(calls('app.saveDraft')).toMatchObject([{ text: 'kind: Typed\n' }])
  undo(editor())
  expect(text()).toBe('kind: Kept\n')
})

test('manifests that were opened come after the draft, which undo brings back', async () => {
  await show([kept])
  useManifests(face.pinia).offer([{ name: 'a.yaml', text: 'kind: Opened\n' }])
  await settle()
  expect(text()).toBe('kind: Opened\n')
  undo(editor())
  expect(text()).toBe('kind: Kept\n')
})

test('what was typed last is kept when the panel goes at once', async () => {
  await show([])
  editor().dispatch({ changes: { from: 0, insert: 'kind: Typed\n' }, userEvent: 'input.type' })
  face.unmount()
  expect(calls('app.saveDraft')).toMatchObject([{ text: 'kind: Typed\n' }])
})
