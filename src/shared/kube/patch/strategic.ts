import { goText } from '../go-text.ts'
import { jsonEqual } from '../json.ts'
import { anyType, type TypeNode } from './type-node.ts'

type Fields = Record<string, unknown>

/** The strategic merge patch cannot be applied. */
export class StrategicPatchError extends Error {}

/** A directive has no list where it needs one. */
export class PatchFormatError extends StrategicPatchError {}

const directive = '$patch'
const retainKeys = '$retainKeys'
const setOrder = '$setElementOrder/'
const deleteFromList = '$deleteFromPrimitiveList/'

/**
 * Strategic merge patch: a merge patch whose types define which lists merge, by which key, and which objects are
 * replaced.
 * @returns the patched object; neither argument is mutated, unchanged parts are shared.
 * @throws StrategicPatchError
 */
export function strategicMerge(original: Fields, patch: Fields, type: TypeNode): Fields {
  if (Object.hasOwn(patch, directive)) {
    const how = patch[directive]
    if (how === 'replace') return withoutDirectives(patch) as Fields
    if (how === 'delete') return {}
    throw unknownDirective(patch)
  }
  const out = retained(original, patch)
  for (const key of Object.keys(patch)) {
    if (key === directive || key === retainKeys || key === '__proto__') continue
    if (key.startsWith(deleteFromList)) deletePrimitives(out, key.slice(deleteFromList.length), patch[key])
    else if (key.startsWith(setOrder)) reorderUntouched(out, original, key.slice(setOrder.length), patch, type)
    else mergeField(out, key, patch, type)
  }
  return out
}

const unknownDirective = (patch: Fields): StrategicPatchError =>
  new StrategicPatchError(`unknown patch type: ${String(patch[directive])} in map: ${goText(patch)}`)

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const fieldType = (type: TypeNode, name: string): TypeNode =>
  type.kind === 'struct' ? (type.field(name) ?? anyType) : (type.items ?? anyType)

/** The original's fields that `$retainKeys` names, or all of them. */
function retained(original: Fields, patch: Fields): Fields {
  const keys = patch[retainKeys]
  if (keys === undefined) return { ...original }
  if (!Array.isArray(keys)) throw new PatchFormatError('invalid patch format of retainKeys')
  const out: Fields = {}
  for (const key of Object.keys(original)) if (keys.includes(key)) out[key] = original[key]
  return out
}

function mergeField(out: Fields, key: string, patch: Fields, type: TypeNode): void {
  const value = patch[key]
  if (value === null) {
    delete out[key]
    return
  }
  const known = fieldType(type, key)
  const old = out[key]
  // Kubernetes looks up the fields of what is within, but not those of plain values.
  const unknown = isObject(value) && known.name === 'RawExtension' ? fieldWithin(value) : undefined
  if (unknown !== undefined)
    throw new StrategicPatchError(
      `unable to find api field in struct RawExtension for the json field ${JSON.stringify(unknown)}`,
    )
  if (isObject(value))
    out[key] =
      isObject(old) && !known.strategies.includes('replace')
        ? strategicMerge(old, value, known)
        : withoutDirectives(value)
  else if (Array.isArray(value)) out[key] = mergeLists(old, value, known, orderOf(patch, key))
  else out[key] = value
}

const fieldWithin = (value: Fields): string | undefined =>
  Object.keys(value).find((name) => typeof value[name] === 'object' && value[name] !== null)

function orderOf(patch: Fields, key: string): readonly unknown[] | undefined {
  const order = patch[setOrder + key]
  if (order === undefined) return undefined
  if (!Array.isArray(order)) throw new PatchFormatError('invalid patch format of setElementOrder list')
  return order as unknown[]
}

function mergeLists(old: unknown, patch: unknown[], type: TypeNode, order: readonly unknown[] | undefined): unknown[] {
  if (!type.strategies.includes('merge') || patch.some((item) => isObject(item) && isReplaceMark(item)))
    return patch.filter((item) => !(isObject(item) && isReplaceMark(item))).map(withoutDirectives)
  const original = Array.isArray(old) ? (old as unknown[]) : []
  if (type.mergeKey === undefined) {
    const merged = [...original, ...patch.filter((item) => !original.includes(item))].filter(isFirst)
    return ordered(merged, original, order ?? patch, (item) => item)
  }
  return mergeObjects(original, patch, type, type.mergeKey, order)
}

const isReplaceMark = (item: Fields): boolean => item[directive] === 'replace'
const isFirst = (item: unknown, i: number, list: readonly unknown[]): boolean => list.indexOf(item) === i

function mergeObjects(
  original: unknown[],
  patch: unknown[],
  type: TypeNode,
  mergeKey: string,
  order: readonly unknown[] | undefined,
): unknown[] {
  const keyOf = (item: unknown): unknown => {
    if (!isObject(item) || item[mergeKey] === undefined || item[mergeKey] === null)
      throw new StrategicPatchError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`)
    return item[mergeKey]
  }
  const itemType = type.items ?? anyType
  let merged = original
  for (const item of patch) {
    const key = keyOf(item)
    const fields = item as Fields
    if (fields[directive] === 'merge')
      throw new StrategicPatchError('merging lists cannot yet be specified in the patch')
    if (fields[directive] !== undefined && fields[directive] !== 'delete') throw unknownDirective(fields)
    const at = merged.findIndex((candidate) => isObject(candidate) && jsonEqual(candidate[mergeKey], key))
    if (fields[directive] === 'delete')
      merged = merged.filter((candidate) => !isObject(candidate) || !jsonEqual(candidate[mergeKey], key))
    else if (at < 0) merged = [...merged, withoutDirectives(fields)]
    else merged = merged.with(at, strategicMerge(merged[at] as Fields, fields, itemType))
  }
  return ordered(merged, original, order ?? patch, (item) => (isObject(item) ? item[mergeKey] : item))
}

/**
 * Orders items by `order`; unnamed items keep their position relative to the existing ones.
 */
function ordered(
  merged: readonly unknown[],
  original: readonly unknown[],
  order: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const orderKeys = order.map(keyOf)
  const originalKeys = original.map(keyOf)
  const rank = (keys: readonly unknown[], item: unknown): number => keys.findIndex((key) => jsonEqual(key, keyOf(item)))
  const named = merged
    .filter((item) => rank(orderKeys, item) >= 0)
    .sort((a, b) => rank(orderKeys, a) - rank(orderKeys, b))
  const others = merged.filter((item) => rank(orderKeys, item) < 0)
  const out: unknown[] = []
  let left = 0
  let right = 0
  while (left < others.length && right < named.length) {
    const other = rank(originalKeys, others[left])
    const here = rank(originalKeys, named[right])
    out.push(other >= 0 && here >= 0 && other < here ? others[left++] : named[right++])
  }
  return [...out, ...others.slice(left), ...named.slice(right)]
}

/** Applies `$setElementOrder` of a list that the patch does not change otherwise. */
function reorderUntouched(out: Fields, original: Fields, field: string, patch: Fields, type: TypeNode): void {
  const list = original[field]
  if (Object.hasOwn(patch, field) || !Array.isArray(list) || !Array.isArray(out[field])) return
  const { mergeKey } = fieldType(type, field)
  const keyOf = (item: unknown): unknown => (mergeKey !== undefined && isObject(item) ? item[mergeKey] : item)
  out[field] = ordered(out[field] as unknown[], list, orderOf(patch, field) ?? [], keyOf)
}

function deletePrimitives(out: Fields, field: string, values: unknown): void {
  if (!Array.isArray(values)) throw new PatchFormatError('invalid patch format of primitive list')
  const list = out[field]
  if (Array.isArray(list)) out[field] = list.filter((item) => !values.includes(item))
}

/** A patch's value as stored when the field was absent: without nulls and directives. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !(isObject(item) && item[directive] === 'delete')).map(withoutDirectives)
  if (!isObject(value)) return value
  if (value[directive] === 'delete') return {}
  const out: Fields = {}
  for (const key of Object.keys(value)) {
    if (key === directive || key === retainKeys || key.startsWith(setOrder) || key.startsWith(deleteFromList)) continue
    if (value[key] !== null && key !== '__proto__') out[key] = withoutDirectives(value[key])
  }
  return out
}
