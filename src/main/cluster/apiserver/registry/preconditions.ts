import { setField } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { conflict, failure, fieldInvalid, invalid, type ApiError } from '#shared/kube/status.ts'
import type { ServedResource } from '../api/resources.ts'
import type { Target } from './context.ts'

/** What an update says of the object that it is based on. */

/** @throws ApiError 422, named after the resource, when the kind has no unconditional updates and the revision is missing */
function requireRevision({ kind, groupResource }: ServedResource, { metadata }: KubeObject): void {
  if (kind.unconditionalUpdate !== false || (metadata.resourceVersion ?? '0') !== '0') return
  throw invalid(groupResource.resource, groupResource.group, metadata.name ?? '', [
    fieldInvalid('metadata.resourceVersion', 0, 'must be specified for an update'),
  ])
}

/** @throws ApiError 409 in the words of Kubernetes' storage */
export function requireUid({ resource, namespace, name }: Target, { metadata }: Stored, uid: string): void {
  if (uid === metadata.uid) return
  const { groupResource, kind } = resource
  const key = `/${[kind.plural, ...(namespace ? [namespace] : []), name].join('/')}`
  throw conflict(
    groupResource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
  )
}

/** @throws ApiError 409 when the object has changed since, 500 for a revision that is no unsigned 64-bit integer */
export function checkRevision(resource: ServedResource, next: KubeObject, current: Stored): void {
  const { resourceVersion, name } = next.metadata
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) requireInteger(resourceVersion)
  requireRevision(resource, next)
  if (resourceVersion && resourceVersion !== '0' && resourceVersion !== current.metadata.resourceVersion)
    throw modified(resource, name ?? '')
  setField(next.metadata, 'resourceVersion', current.metadata.resourceVersion)
}

function requireInteger(text: string): void {
  const problem = !/^\d+$/.test(text) ? 'invalid syntax' : BigInt(text) >= 2n ** 64n ? 'value out of range' : undefined
  if (problem !== undefined) throw failure(500, '', `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${problem}`)
}

export const modified = ({ groupResource }: ServedResource, name: string): ApiError =>
  conflict(
    groupResource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )
