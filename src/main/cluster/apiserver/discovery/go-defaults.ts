import type { JsonSchema } from '#shared/kube/patch/type-node.ts'
import { goShapes } from '../schema/go-shapes.ts'

/**
 * Returns schemas with the defaults of Go's types, as Kubernetes' v3 documents have them: a field that is a struct is never
 * absent, one that is a string, number or boolean has its zero value unless it is a pointer or is left out when empty. Items
 * and values of maps are never absent. Types that are written in a form of their own (Time, Quantity, …) have none.
 */
export function withGoDefaults(schemas: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const shapeOf = goShapes()
  const isStruct = (ref: string): boolean => {
    const name = ref.slice(ref.lastIndexOf('/') + 1)
    const target = schemas.get(name) as JsonSchema | undefined
    return builtIn.test(name) && target?.type === 'object' && !marshalled.test(name)
  }
  return Object.fromEntries(
    [...schemas].map(([name, schema]) => {
      const { properties } = schema as JsonSchema
      if (!properties || !builtIn.test(name)) return [name, schema]
      const filled = new Set(shapeOf(name).filled.map(([field]) => field))
      const fields = Object.entries(properties).map(
        ([field, value]) => [field, withDefault(value, isStruct, filled.has(field))] as const,
      )
      return [name, { ...(schema as object), properties: Object.fromEntries(fields) }]
    }),
  )
}

const builtIn = /^io\.k8s\.(api|apimachinery|apiextensions-apiserver|kube-aggregator|metrics)\./
const marshalled = /\.(Time|MicroTime|FieldsV1|Quantity|IntOrString|RawExtension|JSON|JSONSchemaPropsOr\w+)$/

function withDefault(schema: JsonSchema, isStruct: (ref: string) => boolean, isPresent: boolean): JsonSchema {
  const out: JsonSchema = { ...schema }
  if (out.items) out.items = withDefault(out.items, isStruct, true)
  if (typeof out.additionalProperties === 'object')
    out.additionalProperties = withDefault(out.additionalProperties, isStruct, true)
  if (!isPresent || schema.default !== undefined || schema.format === 'byte') return out
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref
  if (ref === undefined)
    return schema.type !== undefined && schema.type in zeros ? { ...out, default: zeros[schema.type] } : out
  if (!isStruct(ref)) return out
  // A reference with siblings needs `allOf` in v3.
  const { $ref: _, ...rest } = out
  return { ...rest, allOf: [{ $ref: ref }], default: {} }
}

const zeros: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false }
