import { fieldDuplicate, type FieldError } from '#shared/kube/status.ts'
import { checkAtMost } from '../fields.ts'

type Check<T> = (item: T, field: string, errors: FieldError[]) => void

/** Validates each item of a list, unless there are too many: then that is the only error. */
export function checkEach<T>(
  items: readonly T[] | undefined,
  most: number,
  field: string,
  errors: FieldError[],
  check: Check<T>,
): void {
  if (items && items.length > most) checkAtMost(items.length, most, field, errors)
  else items?.forEach((item, i) => check(item, `${field}[${i}]`, errors))
}

/** As `checkEach`, for a list in which no two items may have the same key. */
export function checkSet<T>(
  items: readonly T[] | undefined,
  most: number,
  field: string,
  errors: FieldError[],
  { check, key, printed = key }: { check: Check<T>; key: (item: T) => unknown; printed?: (item: T) => unknown },
): void {
  checkEach(items, most, field, errors, check)
  if (!items || items.length > most) return
  const seen = new Set<unknown>()
  items.forEach((item, i) => {
    const value = key(item)
    if (seen.has(value)) errors.push(fieldDuplicate(`${field}[${i}]`, printed(item)))
    seen.add(value)
  })
}

/** Validates keys and values of a map, unless there are too many. */
export function checkMap<T>(
  map: Readonly<Record<string, T | undefined>> | undefined,
  most: number,
  field: string,
  errors: FieldError[],
  check: (name: string, value: T, field: string) => void,
): void {
  const entries = Object.entries(map ?? {})
  if (entries.length > most) checkAtMost(entries.length, most, field, errors)
  else for (const [name, value] of entries) if (value !== undefined) check(name, value, `${field}[${shortened(name)}]`)
}

const longestKey = 96

const shortened = (key: string): string =>
  key.length <= longestKey ? key : `${key.slice(0, (longestKey - 2) / 2)}...${key.slice(-((longestKey - 3) >> 1))}`
