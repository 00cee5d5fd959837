import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { anyType, type TypeNode } from '#shared/kube/patch/type-node.ts'
import { emptySet, isMember, member, nodeOf, type FieldSet } from './field-set.ts'

/** Values with their types: computes field sets, compares two values, merges one into another. */

type Fields = Readonly<Record<string, unknown>>
type Building = Record<string, FieldSet>

/** Metadata fields that the server controls and no manager owns. */
const unowned = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
])

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** How a value is traversed: objects without a schema are granular maps, lists without a schema are atomic. */
type Shape = 'leaf' | 'fields' | 'items'

function shapeOf(value: unknown, type: TypeNode): Shape {
  if (type.kind === 'scalar' || type.atomic) return 'leaf'
  if (isObject(value)) return type.kind === 'list' ? 'leaf' : 'fields'
  return Array.isArray(value) && type.kind === 'list' ? 'items' : 'leaf'
}

const fieldType = (type: TypeNode, name: string): TypeNode =>
  type.kind === 'struct' ? (type.field(name) ?? anyType) : (type.items ?? anyType)

/** Returns the path element of a list item: its keys, or its value in a set. */
export function elementOf(item: unknown, type: TypeNode): string {
  if (type.listType !== 'map' || !isObject(item)) return `v:${JSON.stringify(item)}`
  const [only] = type.keys
  if (type.keys.length === 1 && only !== undefined)
    return `k:{${JSON.stringify(only)}:${JSON.stringify(item[only] ?? type.keyDefaults[only] ?? null)}}`
  const keys: Record<string, unknown> = {}
  for (const key of [...type.keys].sort()) {
    const value = item[key] ?? type.keyDefaults[key]
    if (value !== undefined) keys[key] = value
  }
  return `k:${JSON.stringify(keys)}`
}

/**
 * Returns the parts of an object that can be owned: top-level fields, with metadata limited to fields that clients
 * write.
 */
function ownedParts(object: KubeObject | undefined): Fields {
  if (!object) return {}
  const out: Record<string, unknown> = {}
  const fields = object as unknown as Fields
  for (const name in fields)
    if (name !== 'apiVersion' && name !== 'kind' && name !== 'metadata') out[name] = fields[name]
  const metadata: Record<string, unknown> = {}
  const given = object.metadata as Fields
  for (const name in given) if (!unowned.has(name) && given[name] !== undefined) metadata[name] = given[name]
  if (!isEmptyObject(metadata)) out['metadata'] = metadata
  return out
}

/** Returns the fields that an applied configuration sets. */
export function fieldSetOf(object: KubeObject, type: TypeNode): FieldSet {
  const parts = ownedParts(object)
  return claimedFields(parts, type) ?? emptySet
}

const isMergedByPart = ({ kind, atomic }: TypeNode): boolean =>
  !atomic && (kind === 'struct' || kind === 'map' || kind === 'list')

const isEmptyValue = (value: unknown): boolean => isEmptyObject(value) || (Array.isArray(value) && value.length === 0)

const isEmptyObject = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0

/** Struct-valued fields are members only when empty; map keys and list items always are. */
function claimed(value: unknown, type: TypeNode): FieldSet | undefined {
  switch (shapeOf(value, type)) {
    case 'leaf':
      return member
    case 'fields':
      return claimedFields(value as Fields, type)
    case 'items':
      return claimedItems(value as readonly unknown[], type)
  }
}

function claimedFields(fields: Fields, type: TypeNode): Building | undefined {
  let out: Building | undefined
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined) continue
    const own = type.kind !== 'struct' || type.field(name) === undefined
    const known = fieldType(type, name)
    const below = claimed(value, known)
    const node = nodeOf(
      (own && type.kind !== 'struct') || value === null || isEmptyObject(value) || below === member,
      below === member ? undefined : below,
    )
    if (node) (out ??= {})[`f:${name}`] = node
  }
  return out
}

function claimedItems(items: readonly unknown[], type: TypeNode): Building | undefined {
  let out: Building | undefined
  for (const item of items) {
    const below = type.listType === 'map' ? claimed(item, type.items ?? anyType) : undefined
    const node = nodeOf(true, below === member ? undefined : below)
    if (node) (out ??= {})[elementOf(item, type)] = node
  }
  return out
}

/** The difference between two states of an object. */
export interface Comparison {
  /** Added or modified. */
  changed: FieldSet
  removed: FieldSet
}

/** @param before undefined for a new object. */
export function compareObjects(before: KubeObject | undefined, after: KubeObject, type: TypeNode): Comparison {
  const old = ownedParts(before)
  const now = ownedParts(after)
  return {
    changed: differingFields(old, now, type, true, false) ?? emptySet,
    removed: before ? (differingFields(now, old, type, true, true) ?? emptySet) : emptySet,
  }
}

/**
 * Returns the fields of `b` that `a` lacks or, unless `onlyMissing`, that have another value in `a`. Structs and lists that Go
 * always writes count as present before they are set: setting a field in them makes no manager the owner of the struct itself.
 */
function differing(
  a: unknown,
  b: unknown,
  type: TypeNode,
  present: boolean,
  onlyMissing: boolean,
): FieldSet | undefined {
  if (a === b) return undefined
  switch (shapeOf(b, type)) {
    case 'leaf':
      if (a === undefined) return member
      return onlyMissing || (jsonEqual(a, b) && sameNulls(a, b)) ? undefined : member
    case 'fields':
      if (a !== undefined && !isObject(a)) return onlyMissing ? undefined : member
      if (isEmptyObject(b)) return a === undefined ? member : undefined
      return nodeOf(a === undefined && !present, differingFields(a ?? {}, b as Fields, type, present, onlyMissing))
    case 'items':
      if (a !== undefined && !Array.isArray(a)) return onlyMissing ? undefined : member
      return nodeOf(
        a === undefined && !present,
        differingItems((a ?? []) as readonly unknown[], b as readonly unknown[], type, onlyMissing),
      )
  }
}

/** Whether the same fields of two values that are equal otherwise are null: Go writes those of atomic structs, clients do not. */
function sameNulls(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return true
  for (const name in a) if (a[name] === null && b[name] === undefined) return false
  for (const name in b) if (b[name] === null && a[name] === undefined) return false
  return true
}

function differingFields(
  a: Fields,
  b: Fields,
  type: TypeNode,
  present: boolean,
  onlyMissing: boolean,
): Building | undefined {
  let out: Building | undefined
  for (const name in b) {
    const value = b[name]
    if (value === undefined || a[name] === value) continue
    const node = differing(a[name], value, fieldType(type, name), present && type.shape.present.has(name), onlyMissing)
    if (node) (out ??= {})[`f:${name}`] = node
  }
  return out
}

function differingItems(
  a: readonly unknown[],
  b: readonly unknown[],
  type: TypeNode,
  onlyMissing: boolean,
): Building | undefined {
  const before = new Map<string, unknown>()
  for (const item of a) before.set(elementOf(item, type), item)
  let out: Building | undefined
  for (const item of b) {
    const element = elementOf(item, type)
    const node =
      type.listType === 'set' && before.has(element)
        ? undefined
        : differing(
            before.get(element),
            item,
            type.listType === 'set' ? scalarItem : (type.items ?? anyType),
            false,
            onlyMissing,
          )
    if (node) (out ??= {})[element] = node
  }
  return out
}

const scalarItem: TypeNode = { ...anyType, kind: 'scalar' }

/** Merges `applied` into `live`; mutates neither. */
export function mergeApplied(live: unknown, applied: unknown, type: TypeNode): unknown {
  if (applied === undefined) return live
  if (live === undefined || live === null) return applied
  // Null replaces a value as a whole; fields and items that are merged one by one are not in it, and stay.
  if (applied === null) return isMergedByPart(type) && !isEmptyValue(live) ? live : applied
  switch (shapeOf(applied, type)) {
    case 'leaf':
      return applied
    case 'fields':
      return isObject(live) ? mergeFields(live, applied as Fields, type) : applied
    case 'items':
      return Array.isArray(live) ? mergeItems(live as unknown[], applied as readonly unknown[], type) : applied
  }
}

function mergeFields(live: Fields, applied: Fields, type: TypeNode): Fields {
  const out: Record<string, unknown> = { ...live }
  for (const name in applied) out[name] = mergeApplied(live[name], applied[name], fieldType(type, name))
  return out
}

/** Applied items keep their order; items that are only live stay between their neighbours. */
function mergeItems(live: readonly unknown[], applied: readonly unknown[], type: TypeNode): unknown[] {
  const liveItems = new Map(live.map((item) => [elementOf(item, type), item]))
  const appliedElements = new Set(applied.map((item) => elementOf(item, type)))
  const itemType = type.listType === 'map' ? (type.items ?? anyType) : scalarItem
  const out: unknown[] = []
  let at = 0
  const takeLiveOnly = (): void => {
    for (let item = live[at]; at < live.length && !appliedElements.has(elementOf(item, type)); item = live[++at])
      out.push(item)
  }
  for (const item of applied) {
    takeLiveOnly()
    const element = elementOf(item, type)
    if (at < live.length && elementOf(live[at], type) === element) at++
    out.push(mergeApplied(liveItems.get(element), item, itemType))
  }
  for (; at < live.length; at++) if (!appliedElements.has(elementOf(live[at], type))) out.push(live[at])
  return out
}

/** Returns `value` without the members of `set`; containers that become empty are removed too. */
export function removeFields(value: unknown, set: FieldSet, type: TypeNode): unknown {
  switch (shapeOf(value, type)) {
    case 'leaf':
      return value
    case 'fields':
      return removeFromFields(value as Fields, set, type)
    case 'items':
      return removeFromItems(value as readonly unknown[], set, type)
  }
}

function removeFromFields(fields: Fields, set: FieldSet, type: TypeNode): Fields | undefined {
  const out: Record<string, unknown> = {}
  for (const name in fields) {
    const node = set[`f:${name}`]
    if (node === undefined) out[name] = fields[name]
    else if (!isMember(node)) {
      const rest = removeFields(fields[name], node, fieldType(type, name))
      if (rest !== undefined) out[name] = rest
    }
  }
  return Object.keys(out).length > 0 ? out : undefined
}

function removeFromItems(items: readonly unknown[], set: FieldSet, type: TypeNode): unknown[] | undefined {
  const out: unknown[] = []
  for (const item of items) {
    const node = set[elementOf(item, type)]
    if (node === undefined) out.push(item)
    else if (!isMember(node)) out.push(removeFields(item, node, type.items ?? anyType) ?? item)
  }
  return out.length > 0 ? out : undefined
}
