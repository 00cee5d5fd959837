import type { KubeObject } from '#shared/kube/object.ts'
import { difference, isEmpty, type FieldSet } from './field-set.ts'
import { fieldSetOf } from './typed.ts'

/**
 * Handles objects that were applied client-side, which carry the applied configuration in an annotation. As in
 * Kubernetes (managedfields/lastappliedmanager, lastappliedupdater), kubectl can migrate to server-side apply without
 * conflicting with itself, and the annotation is kept up to date for older clients.
 */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
const kubectl = 'kubectl'

type Type = Parameters<typeof fieldSetOf>[1]

/** Returns the conflicts without those on fields that kubectl itself applied before. */
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
    // Another client wrote invalid content into the annotation: ignore it.
    return undefined
  }
}

/** Updates the annotation, where present, to the configuration applied now. */
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
