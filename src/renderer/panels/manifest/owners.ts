import { isMap, isScalar, isSeq } from 'yaml'
import type { ManagedFieldsEntry } from '#shared/kube/object.ts'
import type { Manifest } from './documents.ts'
import { indexOf, locate, spanOf, type FieldPath, type Span, type Step } from './fields.ts'

/** A field manager of an object, and how many of its fields it owns. */
export interface Owner {
  manager: string
  fields: number
  /** When it last wrote, RFC 3339. */
  time: string | undefined
  /** `status`, where it writes that alone. */
  subresource: string | undefined
}

type Tree = Record<string, unknown>

/** The field managers of an object, the one that owns most first. Managers of subresources own nothing that is edited here, but `scale`'s. */
export function ownersOf(managed: readonly ManagedFieldsEntry[] = []): Owner[] {
  const owners = new Map<string, Owner>()
  for (const { manager = '', fieldsV1 = {}, time, subresource } of editable(managed)) {
    const known = owners.get(manager)
    const fields = (known?.fields ?? 0) + leaves(fieldsV1)
    owners.set(manager, {
      manager,
      fields,
      time: latest(known?.time, time),
      subresource: known ? known.subresource : subresource,
    })
  }
  return [...owners.values()].filter(({ fields }) => fields > 0).sort((a, b) => b.fields - a.fields)
}

const editable = (managed: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] =>
  managed.filter(({ subresource }) => subresource !== 'status')

const latest = (a: string | undefined, b: string | undefined): string | undefined =>
  a !== undefined && b !== undefined && a > b ? a : (b ?? a)

function leaves(tree: Tree): number {
  return Object.entries(tree).reduce((sum, [key, below]) => {
    if (key === '.') return sum
    const own = below as Tree
    return sum + (Object.keys(own).length === 0 ? 1 : leaves(own))
  }, 0)
}

/** The managers of a field. */
export function managersOf(managed: readonly ManagedFieldsEntry[] | undefined, path: FieldPath): string[] {
  const found = editable(managed ?? []).filter(({ fieldsV1 }) => {
    let tree: Tree | undefined = fieldsV1
    for (const step of path) {
      if (tree && Object.keys(tree).length === 0) return true
      const entry: [string, unknown] | undefined = Object.entries(tree ?? {}).find(([key]) => isStep(key, step))
      tree = entry?.[1] as Tree | undefined
    }
    return tree !== undefined
  })
  return [...new Set(found.map(({ manager = '' }) => manager))]
}

/** Whether a key of `fieldsV1` means this step. */
function isStep(key: string, step: Step): boolean {
  if (typeof step === 'string') return key === `f:${step}`
  const own = stepOf(key)
  if (typeof step !== 'object' || typeof own !== 'object') return false
  if ('value' in step) return 'value' in own && own.value === step.value
  return 'key' in own && Object.entries(step.key).every(([name, value]) => own.key[name] === value)
}

/** `f:spec`, `k:{"name":"web"}`, `v:"x"`, `i:0` of structured merge diff. */
function stepOf(key: string): Step | undefined {
  const rest = key.slice(2)
  if (key.startsWith('f:')) return rest
  if (key.startsWith('i:')) return Number(rest)
  try {
    if (key.startsWith('k:')) return { key: JSON.parse(rest) as Record<string, unknown> }
    if (key.startsWith('v:')) return { value: JSON.parse(rest) as unknown }
  } catch {
    return undefined
  }
  return undefined
}

/** Who owns a line. */
export interface LineOwner {
  manager: string
  /** All of them, where it is several. */
  all: readonly string[]
}

/**
 * The owner of each line of an object's text: who owns the deepest field on it, and of several the one that wrote last.
 * The lines between two of one owner are its own, too.
 * @param lineOf the line of an offset, from 1 @returns by line, from 1
 */
export function ownersByLine(
  { document, at }: Manifest,
  managed: readonly ManagedFieldsEntry[] | undefined,
  lineOf: (offset: number) => number,
): Map<number, LineOwner> {
  const lines = new Map<number, LineOwner>()
  const entries = [...editable(managed ?? [])].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1))
  const root = at.length > 0 ? document.getIn(at, true) : document.contents
  visit(
    root,
    entries.map(({ manager = '', fieldsV1 = {} }) => ({ manager, tree: fieldsV1 })),
    0,
  )
  return filled(lines)

  function visit(node: unknown, owned: readonly { manager: string; tree: Tree }[], depth: number): void {
    if (owned.length === 0) return
    if (isMap(node))
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue
        const below = owned.flatMap(({ manager, tree }) => own(manager, tree[`f:${String(key.value)}`]))
        mark(spanOf(key), spanOf(value) ?? spanOf(key), below, depth)
        visit(value, below, depth + 1)
      }
    else if (isSeq(node)) {
      const items = node.toJSON()
      for (const { manager, tree } of owned)
        for (const [name, below] of Object.entries(tree)) {
          const step = stepOf(name)
          const item = step === undefined || name.startsWith('f:') ? undefined : node.items[indexOf(items, step)]
          if (!item) continue
          mark(undefined, spanOf(item), own(manager, below), depth)
          visit(item, own(manager, below), depth + 1)
        }
    }
  }
  function mark(
    key: Span | undefined,
    value: Span | undefined,
    owned: readonly { manager: string; tree: Tree }[],
    depth: number,
  ): void {
    const whole = owned.filter(({ tree }) => Object.keys(tree).length === 0)
    const head = owned.filter(({ tree }) => '.' in tree)
    const span = key ?? value
    if (!span || !value) return
    if (whole.length > 0) put(lineOf(span.from), lineOf(Math.max(value.to - 1, span.from)), whole)
    else if (head.length > 0 && depth > 0) put(lineOf(span.from), lineOf(span.from), head)
  }
  function put(from: number, to: number, owned: readonly { manager: string }[]): void {
    const all = [...new Set(owned.map(({ manager }) => manager))]
    const manager = all.at(-1)
    if (manager === undefined) return
    for (let line = from; line <= to; line++) {
      const others = lines.get(line)?.all ?? []
      lines.set(line, { manager, all: [...new Set([...others, ...all])] })
    }
  }
}

const own = (manager: string, tree: unknown): { manager: string; tree: Tree }[] =>
  tree === undefined ? [] : [{ manager, tree: tree as Tree }]

function filled(lines: Map<number, LineOwner>): Map<number, LineOwner> {
  const known = [...lines.keys()].sort((a, b) => a - b)
  for (const [index, line] of known.entries()) {
    const next = known[index + 1]
    const owner = lines.get(line)
    if (next === undefined || !owner || lines.get(next)?.manager !== owner.manager || next - line > 12) continue
    for (let between = line + 1; between < next; between++) lines.set(between, owner)
  }
  return lines
}

/** The lines of fields. @param lineOf the line of an offset, from 1 */
export function linesOf(
  { document, at }: Manifest,
  paths: readonly FieldPath[],
  lineOf: (offset: number) => number,
): Set<number> {
  const lines = new Set<number>()
  for (const path of paths) {
    const { whole, found } = locate(document, [...at, ...path])
    if (!found) continue
    for (let line = lineOf(whole.from); line <= lineOf(Math.max(whole.from, whole.to - 1)); line++) lines.add(line)
  }
  return lines
}
