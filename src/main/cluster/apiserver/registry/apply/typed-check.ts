import { goLiteral, goText } from '#shared/kube/go-text.ts'
import type { TypeNode } from '#shared/kube/patch/type-node.ts'
import { printElement } from './field-set.ts'
import { elementOf } from './typed.ts'

/**
 * Reports where an apply configuration does not have the types of its schema, as structured-merge-diff does
 * (typed/validate.go); undefined where it has. The formats of scalars (times, quantities) are no matter of the schema.
 */
export function typedProblem(config: unknown, type: TypeNode): string | undefined {
  const problems = problemsOf(config, type, '')
  if (problems.length <= 1) return problems[0]
  return `errors:${problems.map((problem) => `\n  ${problem}`).join('')}`
}

function problemsOf(value: unknown, type: TypeNode, path: string): string[] {
  if (value === null || value === undefined) return []
  switch (type.kind) {
    case 'struct':
    case 'map':
      return isMap(value) ? fieldProblems(value, type, path) : [`${path}: expected map, got ${pointerTo(value)}`]
    case 'list':
      return Array.isArray(value)
        ? itemProblems(value, type, path)
        : [`${path}: expected list, got ${pointerTo(value)}`]
    case 'scalar':
      return scalarProblems(value, type, path)
    case 'any':
      return []
  }
}

function fieldProblems(fields: Readonly<Record<string, unknown>>, type: TypeNode, path: string): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const field = type.kind === 'struct' ? type.field(name) : type.items
    if (field) return problemsOf(value, field, `${path}.${name}`)
    return type.open ? [] : [`${path}.${name}: field not declared in schema`]
  })
}

function itemProblems(list: readonly unknown[], type: TypeNode, path: string): string[] {
  const { items, listType } = type
  if (!items) return []
  if (listType === 'atomic') return list.flatMap((item, index) => problemsOf(item, items, `${path}[${index}]`))
  const seen = new Set<string>()
  const problems: string[] = []
  for (const [index, item] of list.entries()) {
    if (listType === 'map' && !isMap(item))
      return [
        ...problems,
        `${path}: element ${index}: associative list with keys may not have ${item === null ? 'a null element' : 'non-map elements'}`,
      ]
    if (typeof item === 'object' && listType !== 'map') {
      const what = item === null ? 'an explicit null' : Array.isArray(item) ? 'a list type' : 'a map type'
      return [...problems, `${path}: element ${index}: associative list without keys has an element that's ${what}`]
    }
    if (listType === 'map' && omitsKeys(item, type))
      return [
        ...problems,
        `${path}: element ${index}: associative list with keys has an element that omits all key fields ${JSON.stringify(type.keys)} (and doesn't have default values for any key fields)`,
      ]
    const element = elementOf(item, type)
    const printed = printElement(element)
    if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${printed}`)
    seen.add(element)
    problems.push(...problemsOf(item, items, path + printed))
  }
  return problems
}

/** A key that the element's type requires has the empty value as default in Kubernetes' schemas. */
function omitsKeys(item: unknown, { items, keys, keyDefaults }: TypeNode): boolean {
  return (
    isMap(item) &&
    keys.length > 0 &&
    keys.every((key) => item[key] === undefined && keyDefaults[key] === undefined && !items?.required.includes(key))
  )
}

function scalarProblems(value: unknown, { scalar }: TypeNode, path: string): string[] {
  switch (scalar) {
    // Of these Kubernetes' schema says nothing.
    case 'time':
    case 'micro-time':
    case 'int-or-string':
      return []
    case 'string':
    case 'bytes':
      return typeof value === 'string'
        ? []
        : [`${path}: expected string, got &value.valueUnstructured{Value:${goLiteral(value)}}`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got ${pointerTo(value)}`]
    case 'int32':
    case 'int64':
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint'
        ? []
        : [`${path}: expected numeric (int or float), got ${goKind(value)}`]
    default:
      // Quantities: scalars of any type.
      return typeof value === 'object' ? [`${path}: expected any scalar, got ${pointerTo(value)}`] : []
  }
}

const pointerTo = (value: unknown): string => `&{${goText(value)}}`

function goKind(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
