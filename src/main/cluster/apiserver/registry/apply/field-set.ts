/**
 * Sets of field paths in the format of `managedFields[].fieldsV1`: a tree whose edges are path elements (`f:name`,
 * `k:{"name":"c"}`, `v:"x"`). A leaf is a member; an inner node is a member when it also has the edge `.`. The root is
 * never a member, so `{}` at the root is the empty set. Sets are immutable once built.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

type Building = Record<string, FieldSet>

export const member: FieldSet = Object.freeze({})
export const emptySet: FieldSet = Object.freeze({})

const self = '.'

/** Builds a node from its children and its own membership; undefined when it has neither. */
export function nodeOf(isMember: boolean, children: Building | undefined): FieldSet | undefined {
  if (children === undefined || isEmpty(children)) return isMember ? member : undefined
  return isMember ? { [self]: member, ...children } : children
}

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

export const isMember = (node: FieldSet): boolean => self in node || isEmpty(node)

/** Paths in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b
  if (isEmpty(b)) return a
  const out: Building = { ...a }
  for (const element in b) {
    if (element === self) continue
    const node = b[element] ?? member
    const mine = a[element]
    out[element] = mine === undefined ? node : unionNodes(mine, node)
  }
  return out
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  const out: Building = {}
  if (isMember(a) || isMember(b)) out[self] = member
  for (const element in a) {
    if (element === self) continue
    const node = a[element] ?? member
    out[element] = node
  }
  for (const element in b) {
    if (element === self) continue
    const node = b[element] ?? member
    const mine = a[element]
    out[element] = mine === undefined ? node : unionNodes(mine, node)
  }
  return onlySelf(out) ? member : out
}

function onlySelf(node: Building): boolean {
  for (const element in node) if (element !== self) return false
  return true
}

/** Paths of `a` that are not in `b`. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmpty(b) ? a : (differenceChildren(a, b) ?? emptySet)

function differenceChildren(a: FieldSet, b: FieldSet): Building | undefined {
  let out: Building | undefined
  for (const element in a) {
    if (element === self) continue
    const node = a[element] ?? member
    const other = b[element]
    const rest =
      other === undefined ? node : nodeOf(isMember(node) && !isMember(other), differenceChildren(node, other))
    if (rest !== undefined) (out ??= {})[element] = rest
  }
  return out
}

/** Paths in both sets. */
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => intersectionChildren(a, b) ?? emptySet

function intersectionChildren(a: FieldSet, b: FieldSet): Building | undefined {
  let out: Building | undefined
  for (const element in a) {
    if (element === self) continue
    const node = a[element] ?? member
    const other = b[element]
    if (other === undefined) continue
    const both = nodeOf(isMember(node) && isMember(other), intersectionChildren(node, other))
    if (both !== undefined) (out ??= {})[element] = both
  }
  return out
}

/** Adds every named field that is an ancestor of a member; list items are not added. */
export function withNamedAncestors(set: FieldSet): FieldSet {
  const out: Building = {}
  for (const element in set) {
    if (element === self) continue
    const node = set[element] ?? member
    const below = withNamedAncestors(node)
    out[element] = nodeOf(element.startsWith('f:') || isMember(node), below) ?? member
  }
  return out
}

/** Reports whether `part` is a subset of `whole`. */
export function contains(whole: FieldSet, part: FieldSet): boolean {
  for (const element in part) {
    if (element === self) continue
    const node = part[element] ?? member
    const mine = whole[element]
    if (mine === undefined || (isMember(node) && !isMember(mine)) || !contains(mine, node)) return false
  }
  return true
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  let left = 0
  for (const element in a) {
    const other = b[element]
    if (other === undefined || !equalSets(a[element] ?? member, other)) return false
    left++
  }
  let right = 0
  for (const _ in b) right++
  return left === right
}

/**
 * Formats every member as Kubernetes does: `.spec.containers[name="c"].image`, and in its order: those of a level before those
 * below, fields by name.
 */
export function paths(set: FieldSet): string[] {
  const out: string[] = []
  collect(set, '', out)
  return out
}

function collect(node: FieldSet, path: string, out: string[]): void {
  const below = Object.entries(node)
    .filter(([element]) => element !== self)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([element, child]) => ({ child, here: path + printElement(element) }))
  for (const { child, here } of below) if (isMember(child)) out.push(here)
  for (const { child, here } of below) collect(child, here, out)
}

const isRecord = (value: unknown): boolean => typeof value === 'object' && !Array.isArray(value)

/** Formats one path element as Kubernetes does: `.image`, `[name="c"]`. */
export function printElement(element: string): string {
  const text = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${text}`
    case 'v':
      return `[=${text}]`
    case 'k':
      return `[${Object.entries(JSON.parse(text) as Record<string, unknown>)
        .map(([key, value]) => `${key}=${isRecord(value) ? '' : JSON.stringify(value)}`)
        .join(',')}]`
    default:
      return `[${text}]`
  }
}
