import type { GoField, TypeNode } from '#shared/kube/patch/type-node.ts'
import { hostFields, internalOrder } from './internal-fields.ts'
import { unifiedDiff } from './unified-diff.ts'

/**
 * A value of a built-in type as Kubernetes prints it in messages: the JSON of its internal struct, which has no JSON tags. So
 * fields have Go's names and order, and all of them are there. Types of apimachinery have their JSON form.
 */
export const goValue = (value: unknown, type: TypeNode | undefined): string => goJson(internal(value, type))

/**
 * The difference of two values as Kubernetes appends it to messages. @param struct prints only what this internal struct, which is
 * embedded in the type, has
 */
export function goDiff(before: unknown, after: unknown, type: TypeNode | undefined, struct?: string): string {
  const lines = (value: unknown): string[] => goJson(within(internal(value, type), struct), 1).split('\n')
  return unifiedDiff(lines(before), lines(after))
}

function within(printed: unknown, struct: string | undefined): unknown {
  const order = struct === undefined ? undefined : internalOrder(struct)
  return order ? ordered(printed as Printed, order) : printed
}

/** Go's encoder escapes what ends a script in HTML. */
const goJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** The type of a field by its path in messages: `spec.ports[0].protocol`. */
export function nodeAt(root: TypeNode, path: string): TypeNode | undefined {
  let node: TypeNode | undefined = root
  for (const [token] of path.matchAll(/\[[^\]]*\]|[^.[]+/g))
    node = token.startsWith('[') || node?.kind === 'map' ? node?.items : node?.field(token)
  return node
}

type Printed = Readonly<Record<string, unknown>>

function internal(value: unknown, type: TypeNode | undefined): unknown {
  if (typeof value !== 'object' || value === null || type === undefined) return value
  if (Array.isArray(value)) return value.map((item) => internal(item, type.items))
  const fields = value as Printed
  if (type.kind === 'map')
    return Object.fromEntries(
      Object.entries(fields)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, internal(item, type.items)]),
    )
  const { shape } = type
  if (type.kind !== 'struct' || shape.fields.length === 0) return value
  if (shape.tagged) return inOrder(fields, type)
  const printed = Object.fromEntries(shape.fields.flatMap((field) => printedField(fields, field, type)))
  const order = internalOrder(type.name)
  return order ? ordered(type.name === 'PodSpec' ? withHostFields(printed) : printed, order) : printed
}

/** Embedded metadata is printed in place: it has no name of its own. */
function printedField(fields: Printed, field: GoField, type: TypeNode): [string, unknown][] {
  const value = fields[field.name]
  const fieldType = type.field(field.name)
  if (field.goName === 'ObjectMeta') return Object.entries(internal(value ?? {}, fieldType) as Printed)
  return [[field.goName, internalField(value, field, fieldType)]]
}

/** A struct with JSON tags, in Go's order; unknown fields come last. */
function inOrder(fields: Printed, type: TypeNode): Printed {
  const known = type.shape.fields.flatMap(({ name }) => (fields[name] === undefined ? [] : [name]))
  const names = new Set([...known, ...Object.keys(fields)])
  return Object.fromEntries([...names].map((name) => [name, internal(fields[name], type.field(name))]))
}

const ordered = (printed: Printed, order: readonly string[]): Printed =>
  Object.fromEntries(order.map((name) => [name, printed[name] ?? null]))

/** What a pod shares with its host is in its security context. */
function withHostFields(printed: Printed): Printed {
  const shared = Object.fromEntries(hostFields.map((name) => [name, printed[name]]))
  const context: Printed = { ...noContext, ...(printed['SecurityContext'] as Printed | null), ...shared }
  return { ...printed, SecurityContext: ordered(context, internalOrder('PodSecurityContext') ?? []) }
}

const noContext: Printed = {}

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
