import { expect, test } from 'vitest'
import type { Transport } from '#shared/client/transport.ts'
import { pathAt } from './completion.ts'
import { checkSchema } from './schema-check.ts'
import { schemaAt, Schemas } from './schema.ts'

const transport: Transport = {
  request: ({ path }) =>
    Promise.resolve(
      path === '/openapi/v3'
        ? { paths: { 'api/v1': { serverRelativeURL: '/openapi/v3/api/v1?hash=1' } } }
        : {
            components: {
              schemas: {
                Pod: {
                  type: 'object',
                  properties: {
                    apiVersion: { type: 'string' },
                    kind: { type: 'string' },
                    metadata: { type: 'object' },
                    spec: { allOf: [{ $ref: '#/components/schemas/PodSpec' }] },
                  },
                  'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }],
                },
                PodSpec: {
                  type: 'object',
                  required: ['containers'],
                  properties: {
                    containers: { type: 'array', items: { $ref: '#/components/schemas/Container' } },
                    restartPolicy: { type: 'string', enum: ['Always', 'Never'] },
                  },
                },
                Container: {
                  type: 'object',
                  properties: {
                    name: { type: 'string' },
                    image: { type: 'string' },
                    env: { type: 'array', items: { type: 'object', properties: { value: { type: 'string' } } } },
                  },
                },
              },
            },
          },
    ),
  watch: () => () => undefined,
}
const schemas = new Schemas(transport)

test('finds the schema at any depth', async () => {
  await schemas.load('v1', 'Pod')
  const { root, all } = schemas.known('v1', 'Pod')!
  expect(Object.keys(schemaAt(root, ['spec', 'containers', 0], all)?.properties ?? {})).toEqual([
    'name',
    'image',
    'env',
  ])
  expect(schemaAt(root, ['spec', 'restartPolicy'], all)?.enum).toEqual(['Always', 'Never'])
  expect(schemaAt(root, ['spec', 'nothing'], all)).toBeUndefined()
})

test('names unknown fields, wrong types and wrong words, with their lines', async () => {
  await schemas.load('v1', 'Pod')
  const text =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  restartPolicy: Sometimes\n  containers:\n  - name: c\n    imag: x\n    env: text\n'
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length
  const found = checkSchema(text, schemas).map(({ message, field, from }) => [lineOf(from), field, message])
  expect(found).toEqual([
    [5, 'spec.restartPolicy', '“Sometimes” is not one of Always, Never'],
    [8, 'spec.containers[0].imag', 'imag is no field of this kind: image is meant'],
    [9, 'spec.containers[0].env', 'takes a list, not a single value'],
  ])
})

test.each([
  [['spec:', '  '], 1, 2, ['spec']],
  [['spec:', '  containers:', '  - name: c', '    '], 3, 4, ['spec', 'containers', 0]],
  [
    ['spec:', '  containers:', '  - name: c', '    env:', '    - name: a', '      '],
    5,
    6,
    ['spec', 'containers', 0, 'env', 0],
  ],
  [['a: 1', '---', 'spec:', '  x: 1', '  '], 4, 2, ['spec']],
])('knows where it is: %j', (lines, line, indent, path) => {
  expect(pathAt(lines, line, indent).path).toEqual(path)
})
