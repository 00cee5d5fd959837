import type { GoField, TypeNode } from '#shared/kube/patch/type-node.ts'

/**
 * A value of a built-in type as Kubernetes prints it in messages: the JSON of its internal struct, which has no JSON tags. So
 * fields have Go's names and order, and all of them are there. Types of apimachinery have their JSON form.
 */
export function goValue(value: unknown, type: TypeNode | undefined): string {
  return JSON.stringify(internal(value, type)).replaceAll(/[<>&\u2028\u2029]/g, escaped)
}

/** Go's encoder escapes what ends a script in HTML. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** The type of a field by its path in messages: `spec.ports[0].protocol`. */
export function nodeAt(root: TypeNode, path: string): TypeNode | undefined {
  let node: TypeNode | undefined = root
  for (const [token] of path.matchAll(/\[[^\]]*\]|[^.[]+/g))
    node = token.startsWith('[') || node?.kind === 'map' ? node?.items : node?.field(token)
  return node
}

function internal(value: unknown, type: TypeNode | undefined): unknown {
  if (typeof value !== 'object' || value === null || type === undefined) return value
  if (Array.isArray(value)) return value.map((item) => internal(item, type.items))
  const fields = value as Readonly<Record<string, unknown>>
  if (type.kind === 'map')
    return Object.fromEntries(
      Object.entries(fields)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, internal(item, type.items)]),
    )
  const { shape } = type
  if (type.kind !== 'struct' || shape.tagged || shape.fields.length === 0) return value
  return Object.fromEntries(
    shape.fields.map((field) => [field.goName, internalField(fields[field.name], field, type.field(field.name))]),
  )
}

function internalField(value: unknown, field: GoField, type: TypeNode | undefined): unknown {
  if (value !== undefined && value !== null) return internal(value, type)
  if (field.zero !== undefined) return typeof field.zero === 'object' ? internal(field.zero, type) : field.zero
  switch (type?.scalar) {
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'number':
      return 0
    case undefined:
      return null
    default:
      return ''
  }
}
