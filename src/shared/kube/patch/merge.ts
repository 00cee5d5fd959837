type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** JSON merge patch, RFC 7386. @returns the patched value; neither argument is mutated, unchanged parts are shared. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const out: Fields = isObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    if (key === '__proto__') continue
    const value = patch[key]
    if (value === null) delete out[key]
    else out[key] = isObject(value) ? mergePatch(out[key], value) : value
  }
  return out
}
