import type { Client, Resource } from '#shared/client/client.ts'
import { undefinedIfMissing } from '#shared/kube/error-kinds.ts'
import type { KubeObject, Named } from '#shared/kube/object.ts'
import { applyBody } from '#shared/kube/apply-body.ts'

/**
 * Brings an object back to what it was: updates the one of this name, or creates it where it is gone. Status, owners that
 * are gone and what the server gives are left to the server.
 * @throws ApiError with the server's reason; nothing has changed then, and nothing changes in a dry run
 */
export async function restore(
  client: Client,
  resource: Resource,
  then: KubeObject & Named,
  { dryRun = false, fieldManager = 'slipway-time-machine' } = {},
): Promise<void> {
  const options = { dryRun, fieldManager }
  const { namespace, name } = then.metadata
  const now = await client.get(resource, { namespace, name }).catch(undefinedIfMissing)
  if (now) await client.update(resource, over(then, now), options)
  else await client.create(resource, anew(then), options)
}

/** What was, in place of what is there: the same object for the server, refused when it has changed meanwhile. */
export function over(then: KubeObject & Named, now: KubeObject & Named): KubeObject & Named {
  const { uid, creationTimestamp, resourceVersion } = now.metadata
  const given = {
    ...(uid ? { uid } : {}),
    ...(creationTimestamp ? { creationTimestamp } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
  return { ...then, metadata: { ...applyBody(then).metadata, name: then.metadata.name, ...given } }
}

/** What was, as a new object. Owners had other uids: the garbage collector would remove what names them. */
export function anew(then: KubeObject & Named): KubeObject & Named {
  const { ownerReferences: _owners, finalizers: _finalizers, ...metadata } = applyBody(then).metadata
  return { ...then, metadata: { ...metadata, name: then.metadata.name } }
}
