import { jsonClone } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '#main/cluster/apiserver/api/kind.ts'

/** What a declaration makes of `object` by its defaults alone. */
export function defaulted<T extends KubeObject>(kind: KindDeclaration<T>, object: unknown): T {
  const copy = jsonClone(object) as T
  kind.setDefaults?.(copy)
  return copy
}

/** What a declaration finds wrong with a new object: `path: text`, in order. */
export function findings<T extends KubeObject>(kind: KindDeclaration<T>, object: unknown): string[] {
  const copy = defaulted(kind, object)
  copy.metadata.uid ??= 'u-1'
  kind.prepareForCreate?.(copy)
  return lines(kind.validate?.(copy) ?? [])
}

/** What a declaration finds wrong with a change. */
export function updateFindings<T extends KubeObject>(
  kind: KindDeclaration<T>,
  next: unknown,
  previous: unknown,
): string[] {
  const [a, b] = [defaulted(kind, next), defaulted(kind, previous)]
  return lines([...(kind.validate?.(a, b) ?? []), ...(kind.validateUpdate?.(a, b) ?? [])])
}

const lines = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`)

/** The cells of an object's row: column name to value. */
export function cells<T extends KubeObject>(
  kind: KindDeclaration<T>,
  object: unknown,
  now = 0,
): Record<string, unknown> {
  return Object.fromEntries(kind.columns.map((column) => [column.name, column.value(object as T, now)]))
}

/** A copy with some fields set: `change(pod, { 'spec.containers.0.image': 'b' })`; `undefined` removes. */
export function change<T>(object: T, changes: Readonly<Record<string, unknown>>): T {
  const copy = jsonClone(object)
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split('.')
    const last = steps.pop() ?? ''
    let at = copy as Record<string, unknown>
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>
    if (value === undefined) Reflect.deleteProperty(at, last)
    else at[last] = value
  }
  return copy
}
