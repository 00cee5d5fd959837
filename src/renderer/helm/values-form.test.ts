import { describe, expect, test } from 'vitest'
import { isValue, keyOf, readValues, valuesForm, writeValue, type SetValues, type ValueField } from './values-form.ts'
import { valuesSchema } from './values-schema.ts'

const defaults = `# How many pods answer.
replicas: 2
image:
  # Where the image is.
  repository: web
  pullSecrets: []
metrics:
  enabled: false
password: change-me
nodeSelector: {}
`
const json = JSON.stringify({
  type: 'object',
  required: ['owner'],
  properties: {
    owner: { type: 'string' },
    greeting: { type: 'string', enum: ['Hello', 'Moin'] },
    replicas: { type: 'integer', maximum: 20 },
    service: { $ref: '#/definitions/service' },
    mode: { enum: [80, 443] },
    flag: { type: 'string', enum: ['true', 'false'] },
  },
  definitions: { service: { type: 'object', properties: { port: { type: 'integer' } } } },
})
const form = valuesForm(valuesSchema(json, defaults))
function readNow(text: string): SetValues {
  const read = readValues(text, form.fields)
  if (!read) throw new Error(`cannot read ${text}`)
  return read
}
function field(name: string): ValueField {
  const found = form.fields.find(({ path }) => path.join('.') === name)
  if (!found) throw new Error(`there is no field ${name}`)
  return found
}

describe('the form of a chart’s values', () => {
  test('has a field of each that is no list and no free map', () => {
    expect(form.fields.map(({ path, type }) => `${path.join('.')} ${type}`)).toEqual([
      'replicas number',
      'image.repository text',
      'metrics.enabled choice',
      'password text',
      'owner text',
      'greeting choice',
      'service.port number',
      'mode choice',
      'flag choice',
    ])
    expect(form.others).toBe(2)
  })
  test('tells what each is, what the chart takes and what has to be set', () => {
    expect(field('replicas')).toMatchObject({ description: 'How many pods answer.', preset: '2', isRequired: false })
    expect(field('owner')).toMatchObject({ preset: '', isRequired: true })
    expect(field('greeting').options).toEqual(['Hello', 'Moin'])
    expect(field('password').isSecret).toBe(true)
  })
  test('ends where definitions go in circles', () => {
    const circle = JSON.stringify({
      properties: { node: { $ref: '#/definitions/node' } },
      definitions: { node: { type: 'object', properties: { next: { $ref: '#/definitions/node' } } } },
    })
    expect(valuesForm(valuesSchema(circle, '')).fields).toEqual([])
  })
})

describe('a value that is set in the form', () => {
  test.each([
    ['# Mine.\n', 'replicas', '3', '# Mine.\n\nreplicas: 3\n'],
    ['', 'replicas', '3', 'replicas: 3\n'],
    ['replicas: 3 # more\nother: [1, 2]\n', 'replicas', '4', 'replicas: 4 # more\nother: [ 1, 2 ]\n'],
    ['replicas: 3\n', 'image.repository', 'shop/web', 'replicas: 3\nimage:\n  repository: shop/web\n'],
    ['metrics:\n', 'metrics.enabled', 'true', 'metrics:\n  enabled: true\n'],
    ['a: 1\nmetrics:\n  enabled: true\n', 'metrics.enabled', '', 'a: 1\n'],
    ['# Mine.\nreplicas: 3\n', 'replicas', '', '# Mine.\n'],
    ['owner: x\n', 'owner', '7', 'owner: "7"\n'],
    ['a: [\n', 'owner', 'x', 'a: [\n'],
    // Of the type that the chart names, and read by Helm as what was typed.
    ['', 'mode', '443', 'mode: 443\n'],
    ['', 'flag', 'true', 'flag: "true"\n'],
    ['', 'metrics.enabled', 'true', 'metrics:\n  enabled: true\n'],
    ['', 'owner', 'yes', 'owner: "yes"\n'],
    ['', 'replicas', '9007199254740993', 'replicas: 9007199254740993\n'],
    // Beside it, everything keeps its meaning.
    [
      'mode: 0644\nid: 9007199254740993\non: off\n',
      'owner',
      'x',
      'mode: 0644\nid: 9007199254740993\non: off\nowner: x\n',
    ],
  ])('in %j: %s is %j', (text, name, value, expected) => {
    expect(writeValue(text, field(name), value)).toBe(expected)
  })
  test.each([
    ['- a\n', 'owner'],
    ['a text\n', 'image.repository'],
    ['image: web\n', 'image.repository'],
    ['image: [web]\n', 'image.repository'],
    ['x: &x { repository: web }\nimage: *x\n', 'image.repository'],
    ['owner: [a]\n', 'owner'],
  ])('takes no list, map or alias of the text away: %j, %s', (text, name) => {
    expect(readValues(text, form.fields)?.closed).toContain(keyOf(field(name).path))
    expect(['other', ''].map((value) => writeValue(text, field(name), value))).toEqual([text, text])
  })
  test('is read where it stands', () => {
    const { values } = readNow('image: { repository: x }\nmetrics:\n  enabled: false\nreplicas:\n')
    expect(values.get(keyOf(['image', 'repository']))).toBe('x')
    expect(values.get(keyOf(['metrics', 'enabled']))).toBe('false')
    expect(values.has('replicas')).toBe(false)
    expect(readNow('metrics: { enabled: no }\n').values.get(keyOf(['metrics', 'enabled']))).toBe('false')
    expect(readValues('a: [', form.fields)).toBeUndefined()
  })
  test('that is no number stays out of the text', () => {
    expect(['3', '', '1.5', 'many', ' '].map((text) => isValue(field('replicas'), text))).toEqual([
      ...[true, true, true, false, false],
    ])
  })
})
