import { expect, test } from 'vitest'
import { readManifests } from '../documents.ts'
import { serverProblems } from '../problems.ts'
import { readForm, refusalsOf, writeForm, type FormField } from './form.ts'
import { forms } from './index.ts'

const formOf = (id: string) => {
  const form = forms.find((each) => each.id === id)
  if (!form) throw new Error(id)
  const field = (name: string): FormField => {
    const found = form.fields.find((each) => each.id === name)
    if (!found) throw new Error(name)
    return found
  }
  return { form, field, start: form.start('shop') }
}

test.each(forms.map((form) => [form.id, form] as const))(
  '%s begins with a text whose fields it can read',
  (_, form) => {
    const values = readForm(form, form.start('shop'))
    for (const { id, check } of form.fields) expect([id, check?.(values?.get(id) ?? '')]).toEqual([id, undefined])
    expect(readForm(form, 'a: [')).toBeUndefined()
  },
)

test('a name is written everywhere it is needed; comments and fields unknown to the form stay', () => {
  const { form, field, start } = formOf('app')
  const text = start.replace('  replicas: 1\n', '  replicas: 1 # for now\n  paused: true\n')
  const named = writeForm(text, field('name'), 'wishlist')
  const [deployment, service] = readManifests(named).manifests.map(({ object }) => object)
  expect(deployment).toMatchObject({
    metadata: { name: 'wishlist', labels: { app: 'wishlist' } },
    spec: { paused: true, template: { spec: { containers: [{ name: 'wishlist' }] } } },
  })
  expect(service).toMatchObject({ metadata: { name: 'wishlist' }, spec: { selector: { app: 'wishlist' } } })
  expect(named).toContain('# for now')
  const two = writeForm(writeForm(named, field('pods'), '2'), field('environment'), { MODE: 'live' })
  expect(readForm(form, two)?.get('pods')).toBe(2)
  expect(readForm(form, two)?.get('environment')).toEqual({ MODE: 'live' })
  expect(two).toContain('replicas: 2')
})

test('says what is wrong with a value', () => {
  const { field } = formOf('app')
  expect(field('name').check?.('Wish List')).toBe('editor.form.check.name')
  expect(field('port').check?.(70_000)).toBe('editor.form.check.port')
  expect(formOf('cronjob').field('schedule').check?.('daily')).toBe('editor.form.check.schedule')
  expect(formOf('claim').field('storage').check?.('1 GB')).toBe('editor.form.check.quantity')
})

test('what the server has against a field of the text stands at the field of the form that writes it', () => {
  const { form, start } = formOf('app')
  const { manifests } = readManifests(start)
  const at = (index: number, ...fields: string[]) => {
    const manifest = manifests[index]
    if (!manifest) throw new Error(`no object ${index}`)
    const causes = fields.map((field) => ({ reason: 'FieldValueInvalid', message: `${field}: bad ${field}`, field }))
    return [...refusalsOf(form, start, serverProblems(manifest, { message: '', causes }, index))]
  }
  expect(at(0, 'spec.template.spec.containers[0].image')).toEqual([
    ['image', 'bad spec.template.spec.containers[0].image'],
  ])
  expect(at(0, 'spec.template.spec.containers[0].env[0].name').map(([id]) => id)).toEqual(['environment'])
  expect(at(0, 'metadata.name', 'metadata.labels')).toEqual([['name', 'bad metadata.name']])
  expect(at(1, 'spec.ports[0].port').map(([id]) => id)).toEqual([
    form.fields.find(({ places }) => places.some(({ kind, path }) => kind === 'Service' && path.includes('port')))?.id,
  ])
  // Another object's field of the same path, and one that no field writes.
  expect(at(1, 'spec.replicas')).toEqual([])
  expect(at(0, 'spec.strategy')).toEqual([])
})
