// @vitest-environment happy-dom
import { EditorView } from '@codemirror/view'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { h, ref } from 'vue'
import * as resources from '#shared/kube/resources.ts'
import { mountFace, settle, type Face } from '#test/support/mounted-face.ts'
import EditPanel from '../EditPanel.vue'

/** Bad timing loses nothing: what is typed between a press and its answer stays on top of what the answer brings. */
let face: Face
let isOpen = ref(true)
/** Of each write: lets the server answer it. */
let answers: ((object: object) => void)[]
let sent: { path: string; body: unknown }[]
let held: Record<string, unknown>
/** While set, reads wait for it. */
let reading: Promise<void>

beforeEach(() => {
  answers = []
  sent = []
  reading = Promise.resolve()
})
afterEach(() => face.unmount())

const metadata = { name: 'web', namespace: 'shop', uid: '1' }
const cases = {
  ConfigMap: {
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1', b: '1' } },
    resource: resources.configMaps,
    fields: ['a: "1"', 'a: "2"', 'b: "1"', 'b: "3"'],
    saved: { data: { a: '2', b: '1', c: 'of a webhook' } },
    shows: 'c: of a webhook',
  },
  Secret: {
    object: { apiVersion: 'v1', kind: 'Secret', metadata, data: { a: 'MQ==', b: 'MQ==' } },
    resource: resources.secrets,
    fields: ['a: MQ==', 'a: Mg==', 'b: MQ==', 'b: Mw=='],
    saved: { data: { a: 'Mg==', b: 'MQ==', c: 'NA==' } },
    shows: 'c: NA==',
  },
  Deployment: {
    object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 1, paused: false } },
    resource: resources.deployments,
    fields: ['replicas: 1', 'replicas: 2', 'paused: false', 'paused: true'],
    saved: { spec: { replicas: 2, paused: false, minReadySeconds: 5 } },
    shows: 'minReadySeconds: 5',
  },
} as const

const editor = (): EditorView => {
  const found = EditorView.findFromDOM(document.body)
  if (!found) throw new Error('there is no editor')
  return found
}
const shown = (): string => editor().state.doc.toString()
function type(from: string, to: string): void {
  const at = shown().indexOf(from)
  if (at < 0) throw new Error(`no ${from} in ${shown()}`)
  editor().dispatch({ changes: { from: at, to: at + from.length, insert: to } })
}

describe.each(Object.entries(cases))('%s', (kind, { object, resource, fields, saved, shows }) => {
  const [first, changed, second, typed] = fields
  const isSecret = kind === 'Secret'
  const drafts = (): unknown[] => face.backCalls.filter(([name]) => name === 'app.saveDraft').map(([, input]) => input)

  async function open(): Promise<void> {
    held = object
    isOpen = ref(true)
    const target = { context: 'local:dev', apiVersion: object.apiVersion, kind, ...metadata }
    const write = (path: string, body: unknown): Promise<unknown> => {
      sent.push({ path, body })
      const answered = Promise.withResolvers<unknown>()
      answers.push((now) => answered.resolve((held = now as Record<string, unknown>)))
      return answered.promise
    }
    const panel = {
      render: () =>
        isOpen.value
          ? h(EditPanel, { target, resource, shown: true, onClose: () => (isOpen.value = false) })
          : h('p', 'closed'),
    }
    face = await mountFace(panel, '/', {
      objects: { 'local:dev': {} },
      answers: {
        [`get ${resource.plural}`]: () => reading.then(() => held),
        [`update ${resource.plural}`]: (body: unknown) => write('update', body),
        request({ method, path, body }: { method: string; path: string; body?: unknown }) {
          if (method === 'PATCH') return write(path, body)
          if (path.includes('/namespaces/')) return held
          return { resources: [{ name: resource.plural, kind, namespaced: true }] }
        },
      },
    })
    type(first, changed)
    await settle()
  }
  const answer = async (now: object = { ...object, ...saved }): Promise<void> => {
    answers.at(-1)?.(now)
    await settle()
  }

  test('is saved, and its panel closes', async () => {
    await open()
    await face.press(/^Save web/)
    await answer()
    expect(isOpen.value).toBe(false)
    if (!isSecret) expect(face.backCalls.map(([name]) => name)).toContain('app.removeDraft')
  })

  test('what is typed while it is saved stays, on top of what the server made of it, and is saved next', async () => {
    await open()
    await face.press(/^Save web/)
    type(second, typed)
    await answer()
    expect(isOpen.value).toBe(true)
    for (const part of [changed, typed, shows]) expect(shown()).toContain(part)
    expect(face.text()).toContain('1 field changed')
    await face.press(/^Save web/)
    expect(sent).toHaveLength(2)
    await answer({ ...object, ...saved })
  })

  test('the draft of what is typed while it is saved is kept', async () => {
    await open()
    await face.press(/^Save web/)
    type(second, typed)
    await answer()
    face.unmount()
    const last = drafts().at(-1) as { text: string; base: string } | undefined
    if (isSecret) expect(last).toBeUndefined()
    else {
      expect(last?.text).toContain(typed)
      expect(last?.base).toContain(shows)
      const names = face.backCalls.map(([name]) => name)
      expect(names.lastIndexOf('app.saveDraft')).toBeGreaterThan(names.lastIndexOf('app.removeDraft'))
    }
    face = await mountFace({ render: () => h('p') }, '/')
  })

  test('half a word that is typed while it is saved stays as it is, and is merged once it is whole', async () => {
    await open()
    await face.press(/^Save web/)
    type(second, '[half')
    const half = shown()
    await answer()
    expect(shown()).toBe(half)
    type('[half', typed)
    await settle()
    await face.press(/^Save web/)
    for (const part of [changed, typed, shows]) expect(shown()).toContain(part)
    expect(sent).toHaveLength(2)
    await answer()
  })

  test('what is typed while the server’s text is fetched again to discard stays', async () => {
    await open()
    const asked = Promise.withResolvers<undefined>()
    reading = asked.promise
    await face.press('Discard changes')
    type(second, typed)
    asked.resolve(undefined)
    await settle()
    expect(shown()).toContain(first)
    expect(shown()).toContain(typed)
  })
})
