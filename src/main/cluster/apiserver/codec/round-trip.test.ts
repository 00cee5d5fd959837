import { describe, expect, it } from 'vitest'
import { loadSchema, type OpenApiSchema } from '../schema/schema.ts'
import { parseJson, parseYaml, toYaml } from './body.ts'
import { conform } from './decode.ts'
import { encodeProtobuf, hasProtobuf } from './protobuf-encode.ts'
import { decodeProtobuf } from './protobuf.ts'

const { definitions, type } = loadSchema()
const time = '2026-11-23T10:00:01Z'
const whole: Record<string, unknown> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': '100m',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': time,
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': '2026-11-23T10:00:01.000002Z',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': { 'f:spec': {} },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'web',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { apiVersion: 'v1', kind: 'Any', a: [1, 'b'] },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': { type: 'string' },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': true,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': ['a', 'b'],
}

/** The marker of a status subresource is an object without fields. */
const untyped: Record<string, unknown> = { status: {} }

/** Returns a value with every field of a type; a type within itself is left out. */
function full(schema: OpenApiSchema, within: readonly string[] = []): unknown {
  const of = schema.$ref ?? schema.allOf?.[0]?.$ref
  if (of !== undefined) {
    const name = of.slice(of.lastIndexOf('/') + 1)
    if (name in whole) return whole[name]
    if (within.includes(name)) return undefined
    const definition = definitions[name] ?? {}
    const value = full(definition, [...within, name])
    // Protobuf names the type of the outermost object only.
    return 'x-kubernetes-group-version-kind' in definition
      ? { ...(value as object), apiVersion: undefined, kind: undefined }
      : value
  }
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([name, field]) => [
      name,
      name in untyped && (field.$ref ?? field.type) === undefined ? untyped[name] : full(field, within),
    ])
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined))
  }
  if (typeof schema.additionalProperties === 'object') {
    const value = full(schema.additionalProperties, within)
    return value === undefined ? undefined : { one: value }
  }
  if (schema.items) {
    const item = full(schema.items, within)
    return item === undefined ? undefined : [item]
  }
  if (schema.type === 'integer') return 7
  if (schema.type === 'number') return 1.5
  if (schema.type === 'boolean') return true
  if (schema.format === 'byte') return 'AQID'
  return schema.type === 'string' ? 'text: "1"\n' : { any: [1] }
}

const kinds = Object.entries(definitions).flatMap(([name, schema]) =>
  (schema['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }) => ({
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    name,
    schema,
  })),
)

it('knows the kinds', () => expect(kinds.length).toBeGreaterThan(130))

describe.each(kinds)('$apiVersion $kind with every field', ({ apiVersion, kind, name, schema }) => {
  // Without what is undefined.
  const fields = JSON.parse(JSON.stringify(full(schema))) as object
  const object = { ...fields, apiVersion, kind }

  it('round-trips as JSON and YAML', () => {
    const decoded = parseJson(Buffer.from(JSON.stringify(object)))
    expect(conform(decoded, type(name)).unknownFields).toEqual([])
    expect(decoded).toEqual(object)
    expect(parseYaml(Buffer.from(toYaml(object)))).toEqual(object)
  })

  it.runIf(hasProtobuf(apiVersion, kind))('round-trips as protobuf', () => {
    expect(decodeProtobuf(encodeProtobuf(object))).toEqual(object)
  })
})
