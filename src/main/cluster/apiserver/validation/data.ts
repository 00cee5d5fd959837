import { jsonEqual } from '#shared/kube/json.ts'
import { fieldForbidden, type FieldError } from '#shared/kube/status.ts'

/** Maximum data size of a ConfigMap or Secret in bytes. */
export const maxDataSize = 1024 * 1024

/** Returns the size of the values of a ConfigMap or Secret in bytes. @param encoded values in base64 */
export function dataSize(texts: Readonly<Record<string, string>>, encoded: Readonly<Record<string, string>>): number {
  let size = 0
  for (const key in texts) size += Buffer.byteLength(texts[key] ?? '')
  for (const key in encoded) size += Buffer.byteLength(encoded[key] ?? '', 'base64')
  return size
}

/** Finds changes to an immutable ConfigMap or Secret, including to `immutable` itself. */
export function immutableChanges<T extends { immutable?: boolean }>(
  next: T,
  previous: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!previous.immutable) return []
  const errors: FieldError[] = []
  const forbid = (field: string): number =>
    errors.push(fieldForbidden(field, 'field is immutable when `immutable` is set'))
  if (!next.immutable) forbid('immutable')
  for (const field of fields) if (!jsonEqual(next[field], previous[field])) forbid(field)
  return errors
}
