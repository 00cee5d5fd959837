import { isMap, isScalar, isSeq, type Document, type Node } from 'yaml'

/** One step into an object: a key, an index, the item with these key fields, or the item with this value. */
export type Step = string | number | { key: Readonly<Record<string, unknown>> } | { value: unknown }
export type FieldPath = readonly Step[]

/** A part of a text, from offset to offset. */
export interface Span {
  from: number
  to: number
}

/**
 * Reads the path of a field as the API server writes it: `spec.ports[0].name`, `metadata.labels[app]`, and in conflicts
 * of server-side apply `.spec.containers[name="web"].image`, `.metadata.finalizers["x"]`.
 */
export function readFieldPath(text: string): FieldPath {
  const steps: Step[] = []
  for (const [, name, inner] of text.matchAll(/([^.[\]]+)|\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]/g))
    steps.push(name ?? stepOf(inner ?? ''))
  return steps
}

function stepOf(inner: string): Step {
  if (/^\d+$/.test(inner)) return Number(inner)
  const pairs = [...inner.matchAll(/([\w.$/-]+)=("(?:[^"\\]|\\.)*"|[^,]+)/g)]
  if (pairs.length > 0)
    return { key: Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, parsed(value)] as const)) }
  if (inner.startsWith('=')) return { value: parsed(inner.slice(1)) }
  return inner.startsWith('"') ? { value: parsed(inner) } : inner
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** Writes a path as users read it: `spec.containers[web].image`. */
export function writeFieldPath(path: FieldPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    if (typeof step === 'object')
      return `${text}[${'key' in step ? Object.values(step.key).map(String).join(', ') : JSON.stringify(step.value)}]`
    return /^[\w-]+$/.test(step) ? (text ? `${text}.${step}` : step) : `${text}[${step}]`
  }, '')
}

/** Where a step of a path leads: the index of a list's item, or the key of a map. -1 = there is no such item. */
export function indexOf(items: readonly unknown[], step: Step): number {
  if (typeof step === 'number') return step < items.length ? step : -1
  if (typeof step === 'string') return items.findIndex((item) => (item as { name?: unknown } | null)?.name === step)
  if ('value' in step) return items.findIndex((item) => item === step.value)
  return items.findIndex((item) =>
    Object.entries(step.key).every(([key, value]) => {
      const own = (item as Record<string, unknown> | null)?.[key]
      // `protocol` is a key of ports that most texts leave to its default.
      return own === value || (own === undefined && value === 'TCP')
    }),
  )
}

/** The value of a field; undefined where there is none. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  let current = object
  for (const step of path) {
    if (current === null || typeof current !== 'object') return undefined
    if (Array.isArray(current)) current = current[indexOf(current, step)]
    else current = typeof step === 'string' ? (current as Record<string, unknown>)[step] : undefined
  }
  return current
}

/** The same path by keys and indexes alone, as far as the object has it. */
export function plainPath(object: unknown, path: FieldPath): (string | number)[] | undefined {
  const plain: (string | number)[] = []
  let current = object
  for (const step of path) {
    const own = Array.isArray(current) ? indexOf(current, step) : typeof step === 'object' ? -1 : step
    if (own === -1) return undefined
    plain.push(own)
    current = (current as Record<string | number, unknown> | null | undefined)?.[own]
  }
  return plain
}

/** A field in a text. */
export interface Located {
  /** Of its value; of its key where the value is a map or a list, or the field is that of an ancestor. */
  span: Span
  /** Of key and value. */
  whole: Span
  /** Whether the text has the field; else this is the nearest ancestor that it has. */
  found: boolean
}

/** Finds a field in a parsed document; where the text does not have it, its nearest ancestor. */
export function locate(document: Document.Parsed, path: FieldPath): Located {
  let node: unknown = document.contents
  const start = document.contents?.range[0] ?? 0
  let best: Located = {
    span: { from: start, to: start + 1 },
    whole: spanOf(node) ?? { from: start, to: start },
    found: true,
  }
  for (const step of path) {
    const next = childOf(node, step)
    if (!next) return { ...best, found: false }
    const value = spanOf(next.value)
    const key = spanOf(next.key)
    const isSimple = isScalar(next.value) && next.value.value !== null
    const span = (isSimple ? value : key) ?? value ?? key
    if (!span) return { ...best, found: false }
    const own = value ?? span
    // An item of a list is marked at its first line alone.
    const shown = next.key || isSimple ? span : { from: own.from, to: own.from + 1 }
    best = { span: shown, whole: { from: (key ?? own).from, to: own.to }, found: true }
    node = next.value
  }
  return best
}

function childOf(node: unknown, step: Step): { key?: unknown; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === step)
    return pair && { key: pair.key, value: pair.value }
  }
  if (!isSeq(node)) return undefined
  const index = indexOf(node.toJSON(), step)
  return index < 0 ? undefined : { value: node.items[index] }
}

/** From the first character to the end of the last one; the blank lines and comments after it are not of it. */
export function spanOf(node: unknown): Span | undefined {
  const range = (node as Node | null | undefined)?.range
  return range ? { from: range[0], to: range[1] } : undefined
}

/** The path at an offset of a document, with the span of the key or value that is there. */
export function fieldAt(
  document: Document.Parsed,
  offset: number,
): { path: (string | number)[]; span: Span; isKey: boolean } | undefined {
  const path: (string | number)[] = []
  let node: unknown = document.contents
  for (;;) {
    if (isMap(node)) {
      const pair = node.items.find(({ key, value }) => {
        const from = spanOf(key)?.from ?? Infinity
        return from <= offset && offset <= Math.max(spanOf(key)?.to ?? 0, spanOf(value)?.to ?? 0)
      })
      if (!pair || !isScalar(pair.key)) return undefined
      path.push(String(pair.key.value))
      const key = spanOf(pair.key)
      if (key && offset <= key.to) return { path, span: key, isKey: true }
      node = pair.value
    } else if (isSeq(node)) {
      const index = node.items.findIndex((item) => {
        const span = spanOf(item)
        return span !== undefined && span.from <= offset && offset <= span.to
      })
      if (index < 0) return undefined
      path.push(index)
      node = node.items[index]
    } else {
      const span = spanOf(node)
      return span && span.from <= offset && offset <= span.to ? { path, span, isKey: false } : undefined
    }
  }
}
