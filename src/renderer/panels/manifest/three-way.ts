import { sameValue } from './same-value.ts'
import type { FieldPath, Step } from './fields.ts'

/** A field that both sides have changed since the base, each in its own way. An absent value is undefined. */
export interface Clash {
  path: FieldPath
  base: unknown
  mine: unknown
  theirs: unknown
}

/** A field that one side alone has changed. */
export interface Change {
  path: FieldPath
  value: unknown
}

export interface Merge {
  clashes: Clash[]
  /** What the server has changed alone: it is taken over. */
  theirs: Change[]
  /** What the user has changed alone. */
  mine: Change[]
}

/**
 * Compares both sides with what they began from. Items of lists are the same by their name, or by what else tells them
 * apart in Kubernetes; lists of plain values are one value.
 */
export function threeWay(base: unknown, mine: unknown, theirs: unknown): Merge {
  const merge: Merge = { clashes: [], theirs: [], mine: [] }
  visit(base, mine, theirs, [])
  return merge

  function visit(b: unknown, m: unknown, s: unknown, path: FieldPath): void {
    if (sameValue(m, s)) return
    if (isObject(m) && isObject(s) && (isObject(b) || b === undefined)) {
      const keys = new Set([...Object.keys(b ?? {}), ...Object.keys(m), ...Object.keys(s)])
      for (const key of keys) visit(b?.[key], m[key], s[key], [...path, key])
      return
    }
    const key = listKey([b, m, s])
    if (key !== undefined && Array.isArray(m) && Array.isArray(s)) {
      const [had, has, holds] = [itemsBy(b, key), itemsBy(m, key), itemsBy(s, key)]
      for (const [id, step] of [...had.steps, ...has.steps, ...holds.steps].filter(
        ([name], at, all) => all.findIndex(([other]) => other === name) === at,
      ))
        visit(had.items.get(id), has.items.get(id), holds.items.get(id), [...path, step])
      return
    }
    if (sameValue(b, m)) merge.theirs.push({ path, value: s })
    else if (sameValue(b, s)) merge.mine.push({ path, value: m })
    else merge.clashes.push({ path, base: b, mine: m, theirs: s })
  }
}

/** What a text has changed since its base. */
export const changesOf = (base: unknown, now: unknown): Change[] => threeWay(base, now, base).mine

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fields that tell the items of a list apart, in Kubernetes' kinds, the best first. */
const keyFields = [
  'name',
  'containerPort',
  'port',
  'mountPath',
  'devicePath',
  'ip',
  'topologyKey',
  'uid',
  'type',
  'host',
] as const

/** The field by which all items of these lists can be told apart; none when they are lists of plain values. */
function listKey(lists: readonly unknown[]): string | undefined {
  const given = lists.filter((list) => Array.isArray(list))
  if (given.length === 0 || lists.some((list) => list !== undefined && !Array.isArray(list))) return undefined
  return keyFields.find((field) =>
    given.every((list) => {
      const ids = list.map((item) => (isObject(item) ? item[field] : undefined))
      return ids.every((id) => id !== undefined) && new Set(ids).size === ids.length
    }),
  )
}

function itemsBy(list: unknown, field: string): { items: Map<unknown, unknown>; steps: [unknown, Step][] } {
  const items = (Array.isArray(list) ? list : []) as Record<string, unknown>[]
  return {
    items: new Map(items.map((item) => [item[field], item])),
    steps: items.map((item) => [item[field], { key: { [field]: item[field] } }]),
  }
}
