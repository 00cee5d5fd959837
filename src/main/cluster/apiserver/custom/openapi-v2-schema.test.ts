import { expect, it } from 'vitest'
import { openApiV2Schema } from './openapi-v2-schema.ts'

const kind = { 'x-kubernetes-group-version-kind': [{ group: 'sea.example.com', version: 'v1', kind: 'Ship' }] }

it('omits what OpenAPI v2 cannot express', () => {
  const schema = {
    type: 'object',
    required: ['masts', 'crew'],
    properties: {
      masts: { type: 'integer', oneOf: [{ minimum: 3 }, { maximum: 1 }] },
      crew: { type: 'array', nullable: true, items: { type: 'string' } },
      cargo: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { tons: { type: 'integer' } },
      },
      length: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
      logs: { type: 'object', additionalProperties: { type: 'string', nullable: true } },
      keels: { type: 'array', items: { type: 'object', allOf: [{ required: ['wood'] }] } },
    },
    ...kind,
  }
  expect(openApiV2Schema(schema)).toEqual({
    type: 'object',
    required: ['masts'],
    properties: {
      masts: { type: 'integer' },
      crew: {},
      cargo: { 'x-kubernetes-preserve-unknown-fields': true },
      length: { 'x-kubernetes-int-or-string': true },
      logs: { type: 'object' },
      keels: { type: 'array', items: { type: 'object' } },
    },
    ...kind,
  })
})

it('omits the fields of a kind that preserves unknown fields', () => {
  const schema = {
    type: 'object',
    description: 'A ship.',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: { metadata: { allOf: [{ $ref: '#/components/schemas/ObjectMeta' }] } },
    ...kind,
  }
  expect(openApiV2Schema(schema)).toEqual({ type: 'object', description: 'A ship.', ...kind })
})

it('keeps references', () => {
  const metadata = { description: 'Standard.', allOf: [{ $ref: '#/components/schemas/ObjectMeta' }] }
  expect(openApiV2Schema({ type: 'object', properties: { metadata } })).toEqual({
    type: 'object',
    properties: { metadata },
  })
})
