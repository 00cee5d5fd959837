/**
 * Maximum nesting depth of a body. Traversals recurse, and V8's stack ends before Kubernetes' own limit of 10,000
 * levels; no API nests deeper than a few dozen.
 */
export const maxDepth = 1_000

/** The message of Kubernetes' JSON decoder. */
export const exceededDepth = 'exceeded max depth'

/**
 * Maximum number of keys, objects and lists in a body. An object of the maximum stored size has as many only if each
 * takes less than 16 bytes; building a larger one would block the event loop.
 */
export const maxParts = 100_000

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/** Returns which limit a JSON text exceeds, without building anything; undefined when it may be parsed. */
export function exceededLimit(json: Uint8Array): string | undefined {
  if (json.length <= maxDepth) return undefined
  let depth = 0
  let parts = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]
    if (byte === quote) inString = !inString
    else if (inString) {
      if (byte === backslash) i++
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) return exceededDepth
      parts++
    } else if (byte === 0x7d || byte === 0x5d) depth--
    else if (byte === colon) parts++
  }
  return parts > maxParts ? `more than ${maxParts} keys, objects and lists` : undefined
}

/** Reports whether a value nests deeper than `levels`. */
export function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((item) => deeperThan(item, levels - 1))
  for (const key in value) if (deeperThan((value as Record<string, unknown>)[key], levels - 1)) return true
  return false
}
