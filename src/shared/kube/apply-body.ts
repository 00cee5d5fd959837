import type { KubeObject } from './object.ts'

/**
 * The body of a server-side apply: what the user wrote, without the fields that only the server sets.
 * @param uid makes the server refuse any other object of the same name
 */
export function applyBody(object: KubeObject, uid?: string): KubeObject {
  const body = structuredClone(object) as KubeObject & { status?: unknown }
  delete body.status
  const { metadata } = body
  for (const field of [
    'managedFields',
    'resourceVersion',
    'uid',
    'creationTimestamp',
    'generation',
    'selfLink',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const)
    delete metadata[field]
  if (uid !== undefined) metadata.uid = uid
  return body
}
