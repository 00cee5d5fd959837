import { jsonClone } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { ApiError, conflict } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { Entry } from '../../store/store.ts'
import { parseBody } from '../codec/body.ts'
import type { Answer, Call } from '../api/request.ts'
import { attributesOf, admit, validateAdmission } from './admit.ts'
import { itemOf, type RegistryContext, type StoredItem, type Target } from './context.ts'
import { prefixOf, type ServedResource } from '../api/resources.ts'
import { parseSelection } from './selection.ts'
import { isReleased, remove, store } from './commit.ts'
import { maxAttempts, withHead } from './write.ts'
import { deleteOptions, type DeleteOptions } from './write-options.ts'

/** `DELETE` of one object. @throws ApiError */
export function deleteOne(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  return deleteObject(context, target, call, deleteOptions(call, bodyOf(call)))
}

/** `DELETE` of a collection: deletes every object that the selectors match, one by one. */
export async function deleteCollection(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const { resource, namespace } = target
  const options = deleteOptions(call, bodyOf(call))
  const selection = parseSelection(target, call.query)
  const { entries, revision } = context.store.list(prefixOf(resource, namespace))
  const chosen = entries
    .map((entry) => itemOf(resource, entry))
    .filter((item) => selection?.matches(item.object) ?? true)
  const answers = await Promise.all(chosen.map((item) => deleteIfThere(context, target, call, options, item)))
  return {
    type: 'list',
    resource,
    items: answers.filter((item) => item !== undefined),
    metadata: { resourceVersion: String(revision) },
  }
}

async function deleteIfThere(
  context: RegistryContext,
  { resource }: Target,
  call: Call,
  options: DeleteOptions,
  item: StoredItem,
): Promise<StoredItem | undefined> {
  const { namespace = '', name } = item.object.metadata
  try {
    await deleteObject(context, { resource, namespace, name, subresource: '' }, call, options)
    return item
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined
    throw error
  }
}

const bodyOf = ({ body }: Call): unknown => ('bytes' in body && body.bytes.length === 0 ? undefined : parseBody(body))

/** Starts, shortens or completes the deletion of one object. @throws ApiError */
export function deleteObject(
  context: RegistryContext,
  target: Target,
  call: Call,
  options: DeleteOptions,
): Promise<Answer> {
  return withHead(context, target, maxAttempts, (entry) => deleteOnce(context, target, call, options, entry))
}

async function deleteOnce(
  context: RegistryContext,
  target: Target,
  call: Call,
  options: DeleteOptions,
  entry: Entry,
): Promise<Answer> {
  const { resource } = target
  const current = itemOf(resource, entry).object
  checkPreconditions(resource, options, current)
  const attributes = attributesOf(context, target, call, 'DELETE', {
    object: undefined,
    oldObject: current,
    dryRun: options.dryRun,
    options: options.raw,
  })
  await admit(context, attributes)
  await validateAdmission(context, attributes)
  warnOfDependents(resource, options, call)
  const next = stateAfterDelete(context, resource, options, current)
  if (next === undefined)
    return deletedAnswer(resource, current, await remove(context, resource, current, entry.revision, options.dryRun))
  if (isReleased(resource, next))
    return deletedAnswer(resource, next, await remove(context, resource, next, entry.revision, options.dryRun))
  if (next === current)
    return { type: 'object', code: 200, resource, object: current, json: itemOf(resource, entry).json }
  return store(context, resource, next, entry.revision, options.dryRun, 200)
}

/** @throws ApiError 409, which names the kind, not the resource, as Kubernetes does (rest.BeforeDelete). */
export function checkPreconditions({ kind }: ServedResource, options: DeleteOptions, { metadata }: Stored): void {
  const refuse = (what: string, expected: string, actual: string, happened: string): never => {
    throw conflict(
      { group: kind.group, resource: kind.kind },
      metadata.name,
      `the ${what} in the precondition (${expected}) does not match the ${what} in record (${actual}). The object might have been ${happened}`,
    )
  }
  if (options.uid !== undefined && options.uid !== metadata.uid)
    refuse('UID', options.uid, metadata.uid, 'deleted and then recreated')
  if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion)
    refuse('ResourceVersion', options.resourceVersion, metadata.resourceVersion, 'modified')
}

/**
 * Returns the state of an object after a delete request: `current` itself when nothing changes, undefined when the
 * object is removed as it is. Of a kind with a grace period the state is marked as deleted, also where nothing holds it.
 */
function stateAfterDelete(
  { clock }: RegistryContext,
  resource: ServedResource,
  options: DeleteOptions,
  current: Stored,
): Stored | undefined {
  const { kind } = resource
  const grace = Math.min(Math.max(0, kind.deletionGrace?.(current, options.gracePeriodSeconds) ?? 0), maxGraceSeconds)
  const finalizers = finalizersFor(kind, options, current.metadata.finalizers ?? [])
  const already = current.metadata.deletionTimestamp !== undefined
  if (already && !changesDeletion(current, grace, finalizers)) {
    return current
  }
  if (!already && !kind.deletionGrace && finalizers.length === 0 && !kind.holdsDeletion?.(current)) return undefined
  const next = jsonClone(current)
  if (finalizers.length > 0) next.metadata.finalizers = finalizers
  else delete next.metadata.finalizers
  next.metadata.deletionGracePeriodSeconds = grace
  if (!already || grace < (current.metadata.deletionGracePeriodSeconds ?? 0))
    next.metadata.deletionTimestamp = timestamp(clock.now() + grace * 1000)
  if (!already && next.metadata.generation !== undefined) next.metadata.generation += 1
  kind.prepareForDelete?.(next)
  return next
}

/** Seconds; a larger value would overflow the deletion timestamp. */
const maxGraceSeconds = 2 ** 31 - 1

/**
 * A repeated delete may shorten the grace period or change the propagation policy; it never extends the grace period.
 */
function changesDeletion({ metadata }: KubeObject, grace: number, finalizers: readonly string[]): boolean {
  const now = metadata.finalizers ?? []
  return (
    grace < (metadata.deletionGracePeriodSeconds ?? 0) ||
    finalizers.length !== now.length ||
    finalizers.some((finalizer) => !now.includes(finalizer))
  )
}

/**
 * Returns the propagation policy as finalizers that the garbage collector processes. Without a policy the object's own
 * finalizers decide, then the default of its kind.
 */
function finalizersFor(
  { orphansDependents }: ServedResource['kind'],
  { propagationPolicy }: DeleteOptions,
  finalizers: readonly string[],
): string[] {
  const others = finalizers.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion')
  if (propagationPolicy === undefined && (!orphansDependents || others.length < finalizers.length))
    return [...finalizers]
  if (propagationPolicy === undefined || propagationPolicy === 'Orphan') return [...others, 'orphan']
  if (propagationPolicy === 'Foreground') return [...others, 'foregroundDeletion']
  return others
}

/** A kind that leaves its dependents unless told otherwise may warn about it. */
function warnOfDependents({ kind }: ServedResource, { propagationPolicy }: DeleteOptions, call: Call): void {
  if (kind.orphanWarning && propagationPolicy === undefined) call.warnings.push(kind.orphanWarning)
}

/** Most kinds answer a delete with a Status that names the object, some with the object itself. */
function deletedAnswer(resource: ServedResource, { metadata }: KubeObject, answer: Answer): Answer {
  if (resource.kind.returnsDeleted) return answer
  const { group, plural } = resource.kind
  return {
    type: 'object',
    code: 200,
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: metadata.name, ...(group ? { group } : {}), kind: plural, uid: metadata.uid },
    },
  }
}
