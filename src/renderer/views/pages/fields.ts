/** A field of an object as a tree: a name with a value, or with fields below. */
export interface Field {
  name: string
  /** Unset where there are fields below. */
  value?: string
  fields?: readonly Field[]
}

/** How deep a tree is built at once: objects may nest without end. */
const deepest = 12

/** The fields of an object, whatever its kind. Items of lists are named after their `name` or `type`, else by number. */
export function fieldsOf(value: unknown, depth = 0): Field[] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value)
    ? value.map((item: unknown, at): [string, unknown] => [nameOf(item) ?? String(at), item])
    : Object.entries(value)
  return entries.map(([name, each]): Field => {
    if (typeof each !== 'object' || each === null) return { name, value: String(each) }
    const size = Object.keys(each as object).length
    if (size === 0) return { name, value: Array.isArray(each) ? '[]' : '{}' }
    if (depth >= deepest) return { name, value: '…' }
    if (Array.isArray(each) && each.every((item) => typeof item !== 'object')) return { name, value: each.join(', ') }
    return { name, fields: fieldsOf(each, depth + 1) }
  })
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { name, type, key } = item as Record<string, unknown>
  return [name, type, key].find((each): each is string => typeof each === 'string')
}
