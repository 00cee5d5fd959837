// @vitest-environment happy-dom
import { EditorView } from '@codemirror/view'
import { afterEach, expect, test } from 'vitest'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import { useHelm } from '../../stores/helm.ts'
import PlanView from './PlanView.vue'

let face: Face
afterEach(() => face.unmount())

const chart = {
  ...{ id: 'c1', name: 'nginx', version: '1.0.0', appVersion: '1', description: '', deprecated: false, definitions: 0 },
  values: 'replicas: 2\n',
  schema: JSON.stringify({ properties: { replicas: { type: 'integer' } } }),
}
const install = '/c/local:dev/helm-install?chart=repo/nginx'
const done = { id: 'o1', action: 'install', state: 'done', name: 'nginx' }
async function* follow(): AsyncGenerator {
  yield { operation: done }
  await new Promise(() => undefined)
}
const show = async (start: unknown, path = install, release?: unknown): Promise<void> => {
  face = await mountFace(PlanView, path, {
    objects: { 'local:dev': { namespaces: [{ metadata: { name: 'default' } }] } },
    back: {
      'helm.programs': { helm: { path: '/helm', version: 'v4', from: 'path' } },
      'helm.search': { charts: [] },
      'helm.versions': { charts: [] },
      'helm.openChart': chart,
      'helm.render': { changes: [], hooks: [], notes: '' },
      'helm.history': { revisions: [] },
      'helm.start': start,
      'helm.follow': follow,
      'helm.release': release,
    },
  })
}
function editor(): EditorView {
  const found = EditorView.findFromDOM(document.body)
  if (!found) throw new Error('there is no editor')
  return found
}
const field = (name: string): HTMLInputElement => {
  const label = [...document.querySelectorAll('label')].find(({ textContent }) => textContent.includes(name))
  const found = label?.querySelector('input')
  if (!found) throw new Error(`there is no field ${name}`)
  return found
}
const fill = async (name: string, value: string): Promise<void> => {
  field(name).value = value
  field(name).dispatchEvent(new Event('change'))
  await settle()
}
const type = async (text: string): Promise<void> => {
  editor().dispatch({ changes: { from: 0, to: editor().state.doc.length, insert: text } })
  await new Promise((resolve) => setTimeout(resolve, 450))
  await settle()
}

test('values that are typed stay when another namespace is chosen', async () => {
  await show(new Promise(() => undefined))
  await type('replicas: 5\n')
  await fill('Namespace', 'shop')
  expect(editor().state.doc.toString()).toBe('replicas: 5\n')
})

test('a release is installed once, however often the button is pressed before it runs', async () => {
  await show(new Promise(() => undefined))
  await face.press(/^Install nginx in/)
  await face.press(/^Install nginx in/)
  expect(face.backCalls.filter(([name]) => name === 'helm.start')).toHaveLength(1)
})

test('why a release cannot be installed is told beside the button, and the values stay', async () => {
  await show(new Error('namespaces is forbidden'))
  await type('replicas: 5\n')
  await face.press(/^Install nginx in/)
  expect(document.querySelector('[role=alert]')?.textContent).toBe('namespaces is forbidden')
  expect(editor().state.doc.toString()).toBe('replicas: 5\n')
})

test('a problem that is pressed below the form is shown in the text', async () => {
  await show(new Promise(() => undefined))
  await type('replicas: many\n')
  await face.press('Form')
  await face.press(/takes an integer/)
  expect(face.button('Mine').getAttribute('aria-pressed')).toBe('true')
})

test('an address that names another release shows its values, also when those of the one before come late', async () => {
  const answers = new Map<string, (release: object) => void>()
  const asked = ({ name }: { name: string }): Promise<object> =>
    new Promise((resolve) =>
      answers.set(name, (values) => resolve({ name, chartVersion: '1', hasChart: true, ...values })),
    )
  await show(new Promise(() => undefined), '/c/local:dev/helm/shop/a/upgrade', asked)
  await face.router.push('/c/local:dev/helm/shop/b/upgrade')
  await settle()
  // Nothing is typed or run before the values are there: an upgrade sets them all anew.
  expect(EditorView.findFromDOM(document.body)).toBeNull()
  expect(face.button(/^Upgrade b in/).title).toBe('Loading')
  answers.get('b')?.({ values: 'of: b\n' })
  answers.get('a')?.({ values: 'of: a\n' })
  await settle()
  expect(editor().state.doc.toString()).toBe('of: b\n')
  await face.router.push('/c/local:dev/helm/shop/c/upgrade')
  await settle()
  answers.get('c')?.({ values: 'of: c\n' })
  await settle()
  expect(editor().state.doc.toString()).toBe('of: c\n')
})

test('values that are typed while a release begins to be installed stay when it is', async () => {
  const started = Promise.withResolvers<unknown>()
  await show(() => started.promise)
  await type('replicas: 5\n')
  await face.press(/^Install nginx in/)
  await type('replicas: 7\n')
  started.resolve(done)
  await settle()
  expect([...useHelm(face.pinia).values.values()]).toEqual(['replicas: 7\n'])
})

test('values that are in force are kept no longer', async () => {
  await show(done)
  await type('replicas: 5\n')
  await face.press(/^Install nginx in/)
  expect([...useHelm(face.pinia).values.values()]).toEqual([])
})
