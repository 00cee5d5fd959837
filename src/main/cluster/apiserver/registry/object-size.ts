import { tooLarge } from '#shared/kube/status.ts'

/** As much as etcd takes in one request, hence as large as an object of Kubernetes can be; bytes. */
export const maxObjectSize = 1.5 * 1024 * 1024

/** @throws ApiError 413 for an object whose JSON is larger than what is stored */
export function refuseTooLarge(object: object): void {
  // Serialising once more is only worth it for what may come near the bound: a character takes six bytes at most.
  if (charactersOf(object) * 6 <= maxObjectSize) return
  const size = Buffer.byteLength(JSON.stringify(object))
  if (size > maxObjectSize)
    throw tooLarge(`Request entity too large: the object takes ${size} bytes, the limit is ${maxObjectSize}`)
}

/** A bound for the JSON of a value: every character of it, and as many for a number as that can have. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let characters = 2
  if (Array.isArray(value)) for (const item of value) characters += charactersOf(item) + 1
  else
    for (const key in value)
      // Half of a small object, and within bounds of the rest: left out, as this is done for every write.
      if (key !== 'managedFields') characters += key.length + 4 + charactersOf((value as Record<string, unknown>)[key])
  return characters
}
