// @vitest-environment happy-dom
import { EditorView } from '@codemirror/view'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { h } from 'vue'
import { failure } from '#shared/kube/status.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import DeployPanel from './DeployPanel.vue'

let face: Face
let asked: PromiseWithResolvers<unknown>
beforeEach(async () => {
  asked = Promise.withResolvers()
  const panel = { render: () => h(DeployPanel, { target: { context: 'local:dev' }, shown: true, form: 'configmap' }) }
  face = await mountFace(panel, '/', {
    objects: { 'local:dev': {} },
    answers: {
      request({ method, path }: { method: string; path: string }) {
        if (method === 'PATCH') return asked.promise
        if (path.includes('/namespaces/')) return { metadata: { resourceVersion: '1' } }
        return { resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] }
      },
    },
  })
})
afterEach(() => face.unmount())

const input = (label: RegExp): HTMLInputElement => {
  const found = [...document.querySelectorAll<HTMLInputElement>('form input, form textarea')].find((each) =>
    label.test(each.getAttribute('aria-label') ?? each.closest('label')?.textContent ?? ''),
  )
  if (!found) throw new Error(`no field ${String(label)}`)
  return found
}

test('what the server has against a field stands beside it, and takes away nothing that is being typed', async () => {
  await face.press('Add')
  await face.press(/^Deploy to/)
  const value = input(/^Value/)
  value.value = 'half a wo'
  value.dispatchEvent(new Event('input', { bubbles: true }))
  const causes = [{ reason: 'FieldValueInvalid', message: 'the name is taken by the shop', field: 'metadata.name' }]
  asked.reject(failure(422, 'Invalid', 'ConfigMap is invalid', { causes }))
  await settle()
  const name = input(/^Name(?!space)/)
  expect(name.getAttribute('aria-invalid')).toBe('true')
  expect(document.getElementById(name.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
    'the name is taken by the shop',
  )
  expect(value.value).toBe('half a wo')
  name.value = 'another'
  name.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
  expect(name.getAttribute('aria-invalid')).toBe('false')
})

test('the draft of what is typed while a text is deployed is kept', async () => {
  await face.press(/^Deploy to/)
  const editor = EditorView.findFromDOM(document.body)
  editor?.dispatch({ changes: { from: 0, insert: '# of mine\n' } })
  asked.resolve({ metadata: {} })
  await settle()
  expect(face.backCalls.map(([name]) => name)).not.toContain('app.removeDraft')
})

test('a text that is deployed as it is shown is no draft', async () => {
  await face.press(/^Deploy to/)
  asked.resolve({ metadata: {} })
  await settle()
  expect(face.backCalls.map(([name]) => name)).toContain('app.removeDraft')
})
