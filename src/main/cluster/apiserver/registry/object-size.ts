import { tooLarge } from '#shared/kube/status.ts'

/** Maximum size of an object in bytes of JSON: etcd's default request limit, which bounds objects in Kubernetes. */
export const maxObjectSize = 1.5 * 1024 * 1024

/** @throws ApiError 413 for an object whose JSON exceeds `maxObjectSize` */
export function refuseTooLarge(object: object): void {
  // Serializes only objects that may exceed the limit: a character takes at most six bytes.
  if (charactersOf(object) * 6 <= maxObjectSize) return
  const size = Buffer.byteLength(JSON.stringify(object))
  if (size > maxObjectSize)
    throw tooLarge(`Request entity too large: the object takes ${size} bytes, the limit is ${maxObjectSize}`)
}

/** Returns an upper bound for the characters of a value's JSON; a number counts as many as it can have. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let characters = 2
  if (Array.isArray(value)) for (const item of value) characters += charactersOf(item) + 1
  else
    for (const key in value)
      // managedFields are half of a small object and grow with the rest: skipped, as this runs for every write.
      if (key !== 'managedFields') characters += key.length + 4 + charactersOf((value as Record<string, unknown>)[key])
  return characters
}
