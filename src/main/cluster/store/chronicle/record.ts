import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, ManagedFieldsEntry } from '#shared/kube/object.ts'
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
  if (derived.test(entry.key) || isControlled(entry.object)) return undefined
  const before = previous && lasting(previous.object)
  const record = { revision: entry.revision, time, key: entry.key }
  if (type === 'delete') return { ...record, managers: [], before: before ?? lasting(entry.object) }
  if (previous && sameGeneration(previous.object, entry.object)) return undefined
  const after = lasting(entry.object)
  if (before && isDeepStrictEqual(before, after)) return undefined
  const managers = writersOf(entry.object, previous?.object)
  return before ? { ...record, managers, after, before } : { ...record, managers, after }
}

const isControlled = ({ metadata }: KubeObject): boolean =>
  metadata.ownerReferences?.some(({ controller }) => controller === true) ?? false

/**
 * Status writes are most of all writes. They keep the generation, and objects that have one keep labels, annotations,
 * finalizers and owners by reference or by value.
 */
function sameGeneration({ metadata: before }: KubeObject, { metadata: after }: KubeObject): boolean {
  if (after.generation === undefined || before.generation !== after.generation) return false
  const kept = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp'] as const
  return kept.every((field) => isDeepStrictEqual(before[field], after[field]))
}

/** What lasts of an object: all that its users and controllers declare. */
function lasting(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object as KubeObject & { status?: unknown }
  const { managedFields: _fields, resourceVersion: _revision, generation: _generation, ...metadata } = rest.metadata
  return { ...rest, metadata }
}

/** The managers whose entries differ from those before, the newest first. */
function writersOf({ metadata }: KubeObject, before: KubeObject | undefined): string[] {
  const old = before?.metadata.managedFields ?? []
  const wrote = (metadata.managedFields ?? []).filter(
    (entry) => entry.subresource !== 'status' && !old.some((other) => isSameEntry(entry, other)),
  )
  wrote.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))
  return [...new Set(wrote.map(({ manager }) => manager ?? ''))].filter(Boolean)
}

const isSameEntry = (a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  a.time === b.time &&
  isDeepStrictEqual(a.fieldsV1, b.fieldsV1)
