/** Whether two JSON values are the same, whatever the order of their keys; an undefined field is an absent one. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => deepEqual(item, b[index]))
  }
  return containsAll(a as Record<string, unknown>, b as Record<string, unknown>) && hasOnly(b, a)
}

const containsAll = (a: Record<string, unknown>, b: Record<string, unknown>): boolean =>
  Object.keys(a).every((key) => deepEqual(a[key], b[key]))

const hasOnly = (b: object, a: object): boolean =>
  Object.entries(b).every(([key, value]) => value === undefined || Object.hasOwn(a, key))
