import type { KubeObject } from '#shared/kube/object.ts'
import { difference, isEmpty, type FieldSet } from './field-set.ts'
import { fieldSetOf } from './typed.ts'

/**
 * Objects that kubectl applied on the client's side name in an annotation what was applied. As in Kubernetes
 * (managedfields/lastappliedmanager, lastappliedupdater) kubectl may come to apply them on the server's side without a
 * conflict with itself, and keeps the annotation true for clients that know no better.
 */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
const kubectl = 'kubectl'

type Type = Parameters<typeof fieldSetOf>[1]

/** The conflicts of an apply that are not with what kubectl itself applied before. */
export function withoutOwn<C extends { fields: FieldSet }>(
  conflicts: readonly C[],
  { manager, live, type }: { manager: string; live: KubeObject; type: Type },
): C[] {
  const own = manager === kubectl ? lastApplied(live, type) : undefined
  if (!own) return [...conflicts]
  return conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, own) }))
    .filter(({ fields }) => !isEmpty(fields))
}

function lastApplied({ metadata }: KubeObject, type: Type): FieldSet | undefined {
  const text = metadata.annotations?.[annotation]
  if (text === undefined) return undefined
  try {
    return fieldSetOf(JSON.parse(text) as KubeObject, type)
  } catch {
    // Somebody wrote something else there: no reason to take anything from anybody.
    return undefined
  }
}

/** The annotation brought up to what is applied now, where there is one. */
export function syncLastApplied(
  next: KubeObject,
  { manager, live, config }: { manager: string; live: KubeObject | undefined; config: KubeObject },
): KubeObject {
  if (manager !== kubectl || live?.metadata.annotations?.[annotation] === undefined) return next
  const { [annotation]: _, ...annotations } = config.metadata.annotations ?? {}
  const applied = { ...config, metadata: { ...config.metadata, annotations } }
  return {
    ...next,
    metadata: {
      ...next.metadata,
      annotations: { ...next.metadata.annotations, [annotation]: `${JSON.stringify(applied)}\n` },
    },
  }
}
