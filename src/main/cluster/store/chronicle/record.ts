import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, ManagedFieldsEntry } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import type { Change } from '../store.ts'

/** One write of one object, without what writes itself: status, managed fields and resourceVersion. */
export interface VersionRecord {
  revision: number
  /** ms since the epoch. */
  time: number
  key: string
  /** Field managers that wrote; none for a deletion. */
  managers: string[]
  /** The object after the write; undefined when it was deleted. */
  after?: KubeObject
  /** The object before the write; undefined when it was created. */
  before?: KubeObject
}

/**
 * What changes by the second, and what controllers derive from other objects: the revisions of its source bring it back.
 * Keys begin with `/registry/<group or core>/<resource>/`.
 */
const derived =
  /^\/registry\/(?:core\/(?:events|endpoints)|events\.k8s\.io\/events|discovery\.k8s\.io\/endpointslices|coordination\.k8s\.io\/leases|apps\/controllerrevisions)\//

/** @returns the record of a change, or undefined for one that is not kept. */
export function recordOf({ type, entry, previous }: Change, time: number): VersionRecord | undefined {
  if (derived.test(entry.key) || controllerOf(entry.object)) return undefined
  const before = previous && lasting(previous.object)
  const record = { revision: entry.revision, time, key: entry.key }
  if (type === 'delete') return { ...record, managers: [], before: before ?? lasting(entry.object) }
  if (previous && sameGeneration(previous.object, entry.object)) return undefined
  const after = lasting(entry.object)
  if (before && isDeepStrictEqual(before, after)) return undefined
  const managers = writersOf(entry.object, previous?.object)
  return before ? { ...record, managers, after, before } : { ...record, managers, after }
}

/**
 * Status writes are most of all writes. They keep the generation, and objects that have one keep labels, annotations,
 * finalizers and owners by reference or by value.
 */
function sameGeneration({ metadata: before }: KubeObject, { metadata: after }: KubeObject): boolean {
  if (after.generation === undefined || before.generation !== after.generation) return false
  const kept = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp'] as const
  return kept.every((field) => isDeepStrictEqual(before[field], after[field]))
}

/** The annotation by which the Deployment controller counts; it follows the template. */
const counted = 'deployment.kubernetes.io/revision'

/** What lasts of an object: all that its users and controllers declare, the same for an object that is created anew. */
function lasting(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object as KubeObject & { status?: unknown }
  const {
    managedFields: _fields,
    resourceVersion: _revision,
    generation: _generation,
    uid: _uid,
    creationTimestamp: _created,
    ...metadata
  } = rest.metadata
  if (metadata.annotations?.[counted] === undefined) return { ...rest, metadata }
  const { annotations, ...others } = metadata
  const { [counted]: _counted, ...declared } = annotations
  return { ...rest, metadata: Object.keys(declared).length > 0 ? { ...others, annotations: declared } : others }
}

/**
 * The managers that wrote, the newest first: those whose entry has another time. An entry that only lost fields to another
 * manager keeps its time, which has seconds: where no time differs, fields tell.
 */
function writersOf({ metadata }: KubeObject, before: KubeObject | undefined): string[] {
  const old = before?.metadata.managedFields ?? []
  const now = (metadata.managedFields ?? []).filter(({ subresource }) => subresource !== 'status')
  const timed = now.filter((entry) => !old.some((other) => isSameManager(entry, other) && entry.time === other.time))
  const wrote =
    timed.length > 0
      ? timed
      : now.filter((entry) => !old.some((other) => isDeepStrictEqual(entry.fieldsV1, other.fieldsV1)))
  wrote.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))
  return [...new Set(wrote.map(({ manager }) => manager ?? ''))].filter(Boolean)
}

const isSameManager = (a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource
