import { describe, expect, it } from 'vitest'
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '#shared/kube/generated/types.ts'
import { jsonClone } from '#shared/kube/json.ts'
import type { Schema } from '../../../schema/structural.ts'
import { customResourceDefinition } from './index.ts'
import { validateDefinition } from './validation.ts'

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const anyOf: Schema[] = [{ type: 'integer' }, { type: 'string' }]
const free: Schema = { 'x-kubernetes-preserve-unknown-fields': true }
const fields = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
})
const list = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, ...more })
const keyed = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }

function definition(
  schema: Schema,
  version: Partial<CustomResourceDefinitionVersion> = {},
  conversion?: CustomResourceConversion,
): CustomResourceDefinition {
  const first = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }
  return {
    metadata: { name: 'ships.sea.example.com' },
    spec: {
      group: 'sea.example.com',
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      versions: [first as CustomResourceDefinitionVersion],
      ...(conversion ? { conversion } : {}),
    },
  }
}

function problems(given: CustomResourceDefinition, previous?: CustomResourceDefinition): string[] {
  const made = jsonClone(given)
  customResourceDefinition.setDefaults?.(made)
  return validateDefinition(made, previous).map(({ field, message }) => `${field}: ${message}`)
}

const at = 'spec.validation.openAPIV3Schema.properties[hull]'
const ofHull = (hull: Schema): string[] => problems(definition(fields({ hull })))

describe('a schema as widely installed projects write it is taken', () => {
  it.each<[string, Schema]>([
    ['integer or string, without saying so', { anyOf, ...free }],
    ['integer or string with a pattern', { 'x-kubernetes-int-or-string': true, anyOf, pattern: '^[0-9]+%?$' }],
    ['integer or string under allOf', { 'x-kubernetes-int-or-string': true, allOf: [{ anyOf }, { minimum: 1 }] }],
    ['integer or string that is a string', { type: 'string', 'x-kubernetes-int-or-string': true }],
    ['unknown fields without a type', free],
    ['properties beside additionalProperties', fields({ a: text }, { additionalProperties: true })],
    ['null in a list', list({ ...text, nullable: true }, { nullable: true })],
    [
      'one of several fields, or none',
      fields(
        { a: text, b: text },
        { oneOf: [{ not: { anyOf: [{ required: ['a'] }, { required: ['b'] }] } }, { required: ['a'] }] },
      ),
    ],
    ['an empty value validation', fields({ a: text }, { anyOf: [{ properties: { a: {} }, required: ['a'] }] })],
    [
      'formats by another field',
      fields(
        { type: text, value: text },
        {
          oneOf: [
            { properties: { type: { enum: ['IP'] }, value: { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] } } },
            { properties: { type: { not: { enum: ['IP'] } } } },
          ],
        },
      ),
    ],
    ['a default of null', { ...text, default: null }],
    ['a default of any fields', { type: 'object', ...free, default: { a: { b: 1 } } }],
    [
      'conditions by default',
      list(fields({ name: text, status: text }, { required: ['name'] }), {
        ...keyed,
        default: [{ name: 'Ready', status: 'Unknown' }],
      }),
    ],
    [
      'a default that keeps the rules',
      fields(
        { a: { ...whole, default: 3 } },
        { default: { a: 3 }, 'x-kubernetes-validations': [{ rule: 'self.a > 1' }] },
      ),
    ],
    ['the previous state of values of a map', { type: 'object', additionalProperties: immutable(), maxProperties: 9 }],
    [
      'the previous state of fields of an atomic map',
      fields({ v: immutable() }, { 'x-kubernetes-map-type': 'atomic' }),
    ],
    [
      'the previous state of items with keys',
      list(fields({ name: text, v: immutable() }, { required: ['name'] }), { ...keyed, maxItems: 9 }),
    ],
  ])('%s', (_, hull) => {
    expect(ofHull(hull)).toEqual([])
  })
})

function immutable(): Schema {
  return { ...text, maxLength: 63, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] }
}

describe('a format that nothing is validated by is warned of', () => {
  const hull = fields({
    length: { type: 'integer', format: 'int64' },
    draught: { type: 'integer', format: 'uint32' },
    built: { ...text, format: 'date-time' },
    ports: list({ ...text, format: 'semver' }, { format: 'cidr' }),
    flags: { type: 'object', additionalProperties: { ...text, format: 'color' } },
  })
  const made = (schema: Schema): CustomResourceDefinition => definition(fields({ hull: schema }))

  it('when it is written', () => {
    expect(customResourceDefinition.warnings?.(made(hull))?.toSorted()).toEqual([
      'unrecognized format "cidr"',
      'unrecognized format "color"',
      'unrecognized format "semver"',
      'unrecognized format "uint32"',
    ])
  })

  it('but not again, where it stays', () => {
    const more = fields({ ...hull.properties, sail: { ...text, format: 'jib' } })
    expect(customResourceDefinition.warnings?.(made(more), made(hull))).toEqual(['unrecognized format "jib"'])
  })
})

describe('a schema whose rules may cost too much is refused', () => {
  const hint =
    '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
  const rule = (text: string, more: object = {}): Pick<Schema, 'x-kubernetes-validations'> => ({
    'x-kubernetes-validations': [{ rule: text, ...more }],
  })
  const contributed =
    'Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
  const total = (factor: string): string =>
    `spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${factor} ${hint}`

  it('one rule, for as often as its values may occur', () => {
    const hull = (maxItems: number): Schema =>
      list({ ...text, maxLength: 50, ...rule("self.contains('k')") }, { maxItems })
    expect(ofHull(hull(476_190))).toEqual([])
    expect(ofHull(hull(500_000))).toEqual([
      `${at}.items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.050000x ${hint}`,
    ])
    expect(ofHull(hull(1_000_000))[0]).toContain('by factor of 2.1x')
  })

  it('a rule in a list without a limit, as often as its values fit into a request', () => {
    expect(ofHull(list({ ...whole, ...rule('self > 1') }))).toEqual([])
    expect(ofHull(list({ ...whole, ...rule('self > 1 && self < 1 && self < 2 && self < 3') }))).toEqual([
      `${at}.items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.258291x ${hint}`,
    ])
  })

  it('a message, which is written once', () => {
    const where = `${at}.items.x-kubernetes-validations[0].messageExpression`
    expect(ofHull(list({ ...whole, ...rule('true', { messageExpression: "'is %d'.format([self])" }) }))).toEqual([])
    expect(ofHull(list({ ...whole, ...rule('true', { messageExpression: "'is ' + string(self)" }) }))).toEqual([
      `${where}: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x ${hint}`,
      `${where}: ${contributed}`,
      total('more than 100x'),
    ])
  })

  it('all rules together, with the four that cost most', () => {
    const hull = (rules: number): Schema =>
      fields(
        Object.fromEntries(
          Array.from({ length: rules }, (_, i) => [
            `f${i}`,
            list({ ...text, maxLength: 50, ...rule("self.contains('k')") }, { maxItems: 470_000 - i }),
          ]),
        ),
      )
    expect(ofHull(hull(10))).toEqual([])
    expect(ofHull(hull(11))).toEqual([
      ...[0, 1, 2, 3].map((i) => `${at}.properties[f${i}].items.x-kubernetes-validations[0].rule: ${contributed}`),
      total('1.085688x'),
    ])
  })

  it('but not where it is unchanged', () => {
    const given = definition(fields({ hull: list({ ...text, ...rule("self.contains('k')") }) }))
    expect(problems(given)).not.toEqual([])
    expect(problems(given, jsonClone(given))).toEqual([])
  })
})

describe('a schema is refused', () => {
  it.each<[string, Schema, string]>([
    [
      'with rules in a value validation',
      { ...text, allOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }] },
      `${at}.allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural`,
    ],
    [
      'with a value validation of a field that only additionalProperties declares',
      { type: 'object', additionalProperties: text, allOf: [{ properties: { a: { minLength: 1 } } }] },
      `${at}.properties[a]: Required value: because it is defined in ${at}.allOf[0].properties[a]`,
    ],
    [
      'with dependencies, though there are none',
      { ...text, anyOf: [{ dependencies: {} } as Schema] },
      `${at}.anyOf[0].dependencies: Forbidden: dependencies is not supported`,
    ],
    [
      'with the types of an integer or string in another order',
      { 'x-kubernetes-int-or-string': true, anyOf: anyOf.toReversed() },
      `${at}.anyOf[0].type: Forbidden: must be empty to be structural`,
    ],
    [
      'with items that may be null and have keys',
      list(fields({ name: text }, { required: ['name'], nullable: true }), keyed),
      `${at}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map`,
    ],
    [
      'with a default that would be pruned',
      fields({ a: text }, { default: { b: 1 } }),
      `${at}.default: Invalid value: {"b":1}: must not have unknown fields`,
    ],
    [
      'with a default against its rules',
      fields({ a: whole }, { default: { a: 1 }, 'x-kubernetes-validations': [{ rule: 'self.a > 1', message: 'few' }] }),
      `${at}.default: Invalid value: "object": few`,
    ],
    [
      'with a rule for a field that is none',
      { ...text, 'x-kubernetes-validations': [{ rule: 'self != ""', fieldPath: 'sail' }] },
      `${at}.x-kubernetes-validations[0].fieldPath: Invalid value: "sail": must be a valid path`,
    ],
    [
      'with an unused optional oldSelf',
      { ...text, 'x-kubernetes-validations': [{ rule: 'self == ""', optionalOldSelf: true }] },
      `${at}.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
    ],
  ])('%s', (_, hull, problem) => {
    expect(ofHull(hull)).toContain(problem)
  })
})

it('a definition without a kind lacks all names that come from it', () => {
  const made = definition({ type: 'object' })
  made.spec.names = { plural: 'ships', kind: '' }
  expect(problems(made)).toEqual([
    'spec.names.singular: Required value',
    'spec.names.kind: Required value',
    'spec.names.listKind: Required value',
  ])
})

describe('a version', () => {
  it.each([
    '.status.conditions[-1:].type',
    '.status.conditions[?(@.type=="Ready")].status',
    ".metadata.labels['app/name']",
    '.spec..name',
    '.spec.none[',
  ])('has a column with any path from the object on: %s', (jsonPath) => {
    const columns = { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath }] }
    expect(problems(definition({ type: 'object' }, columns))).toEqual([])
  })

  it.each(['$.spec', '{.spec}', 'spec'])('has no column with another: %s', (jsonPath) => {
    const columns = { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath }] }
    expect(problems(definition({ type: 'object' }, columns))).toEqual([
      `spec.additionalPrinterColumns[0].JSONPath: Invalid value: "${jsonPath}": must be a simple json path starting with .`,
    ])
  })

  it('selects by fields of its schema outside of metadata', () => {
    const schema = fields({ metadata: fields({ name: text }), metadataOf: text })
    const selected = (jsonPath: string): string[] =>
      problems(definition(schema, { selectableFields: [{ jsonPath }] })).filter((found) => found.includes('selectable'))
    const field = 'spec.selectableFields[0].jsonPath: Invalid value:'
    expect(selected('.metadataOf')).toEqual([])
    expect(selected('.metadata.name')).toEqual([`${field} ".metadata.name": must not point to fields in metadata`])
    expect(selected('.metadata.uid')).toEqual([
      `${field} ".metadata.uid": is an invalid path: does not refer to a valid field`,
    ])
  })

  it('that is deprecated has a short, printable warning', () => {
    const warned = (deprecationWarning: string): string[] =>
      problems(definition({ type: 'object' }, { deprecated: true, deprecationWarning }))
    expect(warned('Use v2 – “now”.')).toEqual([])
    expect(warned('')[0]).toContain('must not be an empty string')
    expect(warned('é\tx')[0]).toContain('non-printable character found at index 2')
    expect(warned('x'.repeat(257))[0]).toContain('must be <= 256 characters long')
  })
})

describe('a conversion', () => {
  const hook = (caBundle?: string): CustomResourceDefinition =>
    definition(
      { type: 'object' },
      {},
      {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1beta1'],
          clientConfig: { service: { namespace: 'a', name: 'b' }, ...(caBundle === undefined ? {} : { caBundle }) },
        },
      },
    )
  const established = (of: CustomResourceDefinition): CustomResourceDefinition => ({
    ...of,
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  })

  it('may have a placeholder for its CA bundle, but not in the place of a good one in use', () => {
    expect(problems(hook('Cg=='))).toEqual([])
    expect(problems(hook('Cg=='), hook())).toEqual([])
    expect(problems(hook('Cg=='), established(hook('Cg==')))).toEqual([])
    expect(problems(hook('Cg=='), established(hook()))).toEqual([
      expect.stringMatching(
        /^spec\.conversion\.webhookClientConfig\.caBundle: .*unable to load root certificates: unable to parse bytes as PEM block$/,
      ),
    ])
  })

  it('without a webhook says nothing of one, and one with a webhook says all of it', () => {
    const conversion = { conversionReviewVersions: ['v1'], clientConfig: { url: 'http://hook' } }
    expect(problems(definition({ type: 'object' }, {}, { strategy: 'None', webhook: conversion }))).toEqual([
      'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
      'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
    ])
    expect(problems(definition({ type: 'object' }, {}, { strategy: 'Webhook', webhook: conversion }))).toEqual([
      expect.stringContaining('spec.conversion.webhookClientConfig.url: Invalid value: "http": \'https\' is the only'),
    ])
    expect(problems(definition({ type: 'object' }, {}, { strategy: 'Webhook' }))).toEqual([
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
      'spec.conversion.conversionReviewVersions: Required value',
    ])
  })
})
