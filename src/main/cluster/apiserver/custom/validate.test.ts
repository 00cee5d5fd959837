import { describe, expect, it } from 'vitest'
import type { Schema } from '../schema/structural.ts'
import { validateValue } from './validate.ts'

const problems = (value: unknown, schema: Schema): string[] =>
  validateValue(value, schema, 'spec').map(({ field, message }) => `${field}: ${message}`)

const text: Schema = { type: 'string' }
const either: Schema = {
  type: 'object',
  properties: { a: text, b: text },
  oneOf: [{ required: ['a'] }, { required: ['b'] }],
}

describe('value validations', () => {
  it.each<[string, unknown, Schema, string[]]>([
    ['oneOf with one', { a: '' }, either, []],
    [
      'oneOf with none, and what the first lacks',
      {},
      either,
      [
        ': Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
        'spec.a: Required value',
      ],
    ],
    [
      'oneOf with several',
      { a: '', b: '' },
      either,
      [': Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'anyOf',
      'x',
      { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
      [
        ': Invalid value: "": "spec" must validate at least one schema (anyOf)',
        'spec: Invalid value: "x": spec in body must be of type ipv4: "x"',
      ],
    ],
    [
      'anyOf, with what the alternative lacks that goes furthest',
      { type: 'a', size: 1 },
      {
        type: 'object',
        properties: { type: text, size: { type: 'integer' } },
        anyOf: [
          { required: ['name'] },
          { properties: { type: { enum: ['b'] }, size: { minimum: 0 } } },
          { properties: { size: { minimum: 2 } } },
        ],
      },
      [
        ': Invalid value: "": "spec" must validate at least one schema (anyOf)',
        'spec.type: Unsupported value: "a": supported values: "b"',
      ],
    ],
    [
      'what alternatives say of a value of the wrong type',
      'x',
      either,
      [
        'spec: Invalid value: "string": spec in body must be of type object: "string"',
        ': Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    ],
    [
      'what both the schema and an alternative require, once and last',
      { b: 1 },
      { ...either, required: ['a'], oneOf: [{ required: ['a'] }, { required: ['a', 'c'] }] },
      [
        ': Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
        'spec.a: Required value',
        'spec.b: Invalid value: "integer": spec.b in body must be of type string: "integer"',
      ],
    ],
    [
      'an enum of another type',
      5,
      { type: 'string', enum: ['a'] },
      [
        'spec: Invalid value: "integer": spec in body must be of type string: "integer"',
        'spec: Unsupported value: 5: supported values: "a"',
      ],
    ],
    [
      'one problem of a text',
      'abc',
      { type: 'string', maxLength: 2, pattern: '^x' },
      ['spec: Too long: may not be more than 2 bytes'],
    ],
    [
      'none of the fields of an object that has too many',
      { a: 1, b: 1 },
      { ...either, maxProperties: 1, oneOf: [] },
      ['spec: Too many: 2: must have at most 1 item'],
    ],
    [
      'items before their number, and keys last',
      [1, 1],
      { type: 'array', items: text, maxItems: 1, 'x-kubernetes-list-type': 'set' },
      [
        'spec[0]: Invalid value: "integer": spec[0] in body must be of type string: "integer"',
        'spec[1]: Invalid value: "integer": spec[1] in body must be of type string: "integer"',
        'spec: Too many: 2: must have at most 1 item',
        'spec[1]: Duplicate value: 1',
      ],
    ],
    [
      'fields by names that every object of JavaScript has',
      { toString: 1 },
      { ...either, oneOf: [], additionalProperties: false, required: ['constructor'] },
      ['spec: Invalid value: "": spec.toString in body is a forbidden property', 'spec.constructor: Required value'],
    ],
    [
      'allOf',
      'x',
      { type: 'string', allOf: [{ minLength: 2 }, { maxLength: 2 }] },
      [
        'spec: Invalid value: "x": spec in body should be at least 2 chars long',
        ': Invalid value: "": "spec" must validate all the schemas (allOf)',
      ],
    ],
    [
      'not',
      'x',
      { type: 'string', not: { enum: ['x'] } },
      [': Invalid value: "": "spec" must not validate the schema (not)'],
    ],
  ])('%s', (_, value, schema, expected) => {
    expect(problems(value, schema)).toEqual(expected)
  })
})

describe('the range of a number format', () => {
  const whole: Schema = { type: 'integer', format: 'int32' }
  it.each<[string, unknown, Schema, string[]]>([
    ['holds the value', 2 ** 31 - 1, whole, []],
    ['does not hold it', 2 ** 31, whole, ['Checked value must be of type integer with format int32 in spec']],
    [
      'does not hold the bound',
      7,
      { ...whole, minimum: 0, maximum: 2 ** 32 - 1 },
      ['Maximum boundary value must be of type integer with format int32 in spec'],
    ],
    ['is wider', 2 ** 32, { type: 'integer', format: 'int64', maximum: 2 ** 33 }, []],
    ['is that of another type', 2 ** 32, { type: 'number', format: 'int32' }, []],
    [
      'of floats',
      1e39,
      { type: 'number', format: 'float' },
      ['Checked value must be of type number with format float in spec'],
    ],
  ])('%s', (_, value, schema, expected) => {
    expect(problems(value, schema)).toEqual(expected.map((detail) => `: Invalid value: "": ${detail}`))
  })
})
