import type { Schema } from '../schema/structural.ts'

/** Remembers what is built of each schema, apart for resources and for values within them. */
export function bySchema<T>(
  build: (schema: Schema, isResource: boolean) => T,
): (schema: Schema, isResource?: boolean) => T {
  const values = new WeakMap<Schema, { built: T }>()
  const resources = new WeakMap<Schema, { built: T }>()
  return (schema, isResource = false) => {
    const known = isResource ? resources : values
    const found = known.get(schema)
    if (found) return found.built
    const built = build(schema, isResource)
    known.set(schema, { built })
    return built
  }
}
