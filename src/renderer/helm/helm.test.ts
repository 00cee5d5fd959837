import { describe, expect, it, test } from 'vitest'
import { helmCommand } from './command.ts'
import { helmProblems } from './helm-problems.ts'
import { newerOf } from './newer.ts'
import { withoutSecretValues } from './secret-values.ts'
import { isNewer, statusOf } from './status.ts'
import { valuesSchema } from './values-schema.ts'
import { schemaAt } from '../panels/manifest/schema.ts'

const defaults = `# How many pods answer.
replicas: 2

image:
  # Where the image is.
  repository: web
  tag: ""

# Of the bank.
# Never shown.
password: change-me
`
const json = JSON.stringify({
  type: 'object',
  required: ['replicas', 'owner'],
  properties: {
    replicas: { type: 'integer', maximum: 20 },
    owner: { type: ['string', 'null'] },
    image: { type: 'object', additionalProperties: false, properties: { repository: { type: 'string' } } },
    service: { $ref: '#/definitions/service' },
  },
  definitions: { service: { type: 'object', properties: { port: { type: 'integer' } } } },
})

describe('the schema of values', () => {
  it('has the descriptions and defaults of values.yaml', () => {
    const { root, all } = valuesSchema(json, defaults)
    expect(root.properties?.replicas).toMatchObject({ type: 'integer', maximum: 20, default: 2 })
    expect(root.properties?.replicas?.description).toBe('How many pods answer.')
    expect(root.properties?.password).toMatchObject({ default: 'change-me', description: 'Of the bank. Never shown.' })
    expect(schemaAt(root, ['image', 'repository'], all)?.description).toBe('Where the image is.')
    expect(schemaAt(root, ['service', 'port'], all)?.type).toBe('integer')
  })
  it('asks for what has no default, and takes what is not forbidden', () => {
    const { root } = valuesSchema(json, defaults)
    expect(root.required).toEqual(['owner'])
    expect(root.properties?.owner?.type).toBe('string')
    expect(root.additionalProperties).toBe(true)
    expect(root.properties?.image?.additionalProperties).toBeUndefined()
    expect(Object.keys(root.properties?.image?.properties ?? {})).toEqual(['repository'])
    expect(root.properties).toHaveProperty('global')
  })
  it('is made of the defaults where the chart has none, and forbids nothing then', () => {
    const { root } = valuesSchema(undefined, defaults)
    expect(Object.keys(root.properties ?? {})).toEqual(['replicas', 'image', 'password', 'global'])
    expect(root.additionalProperties).toBe(true)
    expect(root.properties?.replicas).toEqual({ default: 2, description: 'How many pods answer.' })
  })
  test.each(['{', '[1]', '"x"'])('is made of the defaults where the schema is %s', (broken) => {
    expect(Object.keys(valuesSchema(broken, 'a: 1\n').root.properties ?? {})).toContain('a')
  })
})

describe('what Helm says of values', () => {
  const text = 'replicas: many\nimage:\n  tag: 5\n'
  it('is at its place, as Helm 4 writes it', () => {
    const said = `values don't meet the specifications of the schema(s) in the following chart(s):\nshop:\n- at '/replicas': got string, want integer\n- at '/image/tag': got number, want string\n`
    expect(helmProblems(said, text)).toMatchObject([
      { field: 'replicas', message: 'got string, want integer', from: text.indexOf('many') },
      { field: 'image.tag', source: 'helm', from: text.indexOf('5') },
    ])
  })
  it('is at its place, as Helm 3 wrote it', () => {
    const said = 'shop:\n- image.tag: Invalid type. Expected: string, given: integer\n- (root): owner is required\n'
    expect(helmProblems(said, text).map(({ field, message }) => [field, message])).toEqual([
      ['image.tag', 'Invalid type. Expected: string, given: integer'],
      [undefined, 'owner is required'],
    ])
  })
})

test.each([
  ['1.2.0', '1.1.9', true],
  ['1.10.0', '1.9.0', true],
  ['1.2.0', '1.2.0', false],
  ['1.2.0-rc.1', '1.2.0', false],
  ['1.2.0', '1.2.0-rc.1', true],
  ['v2.0.0', '1.9.9', true],
  ['1.0.0', 'main', false],
])('%s is newer than %s: %s', (version, than, expected) => {
  expect(isNewer(version, than)).toBe(expected)
})

test('a newer chart of the same name is found in the repositories', () => {
  const chart = (name: string, version: string) => ({ name, version, appVersion: '', description: '' })
  const release = {
    ...{ namespace: 'shop', name: 'web', revision: 1, status: 'deployed', chart: 'shop', chartVersion: '1.1.0' },
    ...{ appVersion: '', updated: 0, description: '' },
  }
  const charts = [chart('a/shop', '1.2.0'), chart('b/shop', '1.3.0'), chart('a/shop-too', '9.0.0')]
  expect(newerOf(release, charts).map(({ name }) => name)).toEqual(['b/shop'])
  expect(newerOf({ ...release, chartVersion: '1.3.0' }, charts)).toEqual([])
})

test('a status of a later Helm is shown as it is', () => {
  expect(statusOf('paused')).toEqual({ tone: 'unknown', text: 'paused' })
  // Green is for what is well: Helm does not look.
  expect(statusOf('deployed')).toEqual({ tone: 'done', text: 'Deployed' })
})

test('commands for a terminal are quoted', () => {
  expect(helmCommand(['upgrade', 'web', '/my charts/shop'], { context: 'dev', namespace: 'shop' })).toBe(
    "helm upgrade web '/my charts/shop' --namespace shop --kube-context dev",
  )
})

test('values whose names say that they are secret are hidden', () => {
  const text = 'password: "a b"\nuser: me\nbank:\n  apiKey: xyz\n  tokens: 3\nexistingSecret: ""\n'
  expect(withoutSecretValues(text)).toBe(
    'password: ••••••\nuser: me\nbank:\n  apiKey: ••••••\n  tokens: 3\nexistingSecret: ""\n',
  )
})
