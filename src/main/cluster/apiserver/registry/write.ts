import { randomUUID } from 'node:crypto'
import { jsonClone, jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import type { TypeNode } from '#shared/kube/patch/type-node.ts'
import {
  alreadyExists,
  badRequest,
  failure,
  invalid,
  invalidMessage,
  notFound,
  unsupportedMessage,
  type ApiError,
  type FieldError,
} from '#shared/kube/status.ts'
import { RevisionMismatch, type Entry } from '../../store/store.ts'
import { writeZeros, zeroStruct } from '../codec/decode.ts'
import { decodeObject } from '../codec/body.ts'
import { goDiff, goValue, nodeAt } from '../codec/go-value.ts'
import type { Answer, Call } from '../api/request.ts'
import { partWriteOf, type MetadataField } from '../api/kind.ts'
import { admit, attributesOf, validateAdmission } from './admit.ts'
import { recordWrite } from './apply/managed-fields.ts'
import { isReleased, remove, store } from './commit.ts'
import { itemOf, timestamp, type RegistryContext, type Target } from './context.ts'
import {
  dropRepeatedOwners,
  generateName,
  keepSystemFields,
  omitEmptyMetadata,
  validateNewMetadata,
  validateUpdatedMetadata,
} from './metadata.ts'
import { checkRevision, modified, requireUid } from './preconditions.ts'
import { keyOf, type ServedResource } from '../api/resources.ts'
import { writeOptions, type WriteOptions } from './write-options.ts'

/** `POST` to a collection. @throws ApiError */
export function create(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const options = writeOptions(call, 'CreateOptions')
  const object = decodeObject(call.body, target.resource, options.validation, call.warnings)
  return createObject({ context, target, call, options, object })
}

export interface Creation {
  context: RegistryContext
  target: Target
  call: Call
  options: WriteOptions
  /** Owned by the callee: it becomes the stored object. */
  object: KubeObject
  /** Server-side apply has set `metadata.managedFields`. */
  applied?: boolean
}

/** Defaults, admits, validates and stores a new object. @returns the answer 201 with it @throws ApiError */
export async function createObject({
  context,
  target,
  call,
  options,
  object,
  applied = false,
}: Creation): Promise<Answer> {
  const { resource } = target
  const { kind } = resource
  placeInNamespace(target, object)
  if (!options.dryRun) checkNewMetadata(object)
  ensureSpec(resource, object)
  kind.setDefaults?.(object)
  writeZeros(object, resource.type)
  omitEmptyMetadata(object)
  dropRepeatedOwners(object, call)
  if (!applied) recordWrite(context, target, options, ownedByCreator(resource, object), undefined)
  const attributes = attributesOf(context, target, call, 'CREATE', {
    object,
    dryRun: options.dryRun,
    options: options.raw,
  })
  await admit(context, attributes)
  kind.setDefaults?.(object)
  fillNewMetadata(context, resource, object)
  if (kind.status && !kind.status.keptOnCreate) resetStatus(resource, object)
  const base = object.metadata.name ? undefined : object.metadata.generateName
  // Jobs write their name into labels: it must be set before prepareForCreate.
  if (base) object.metadata.name = generateName(base)
  kind.prepareForCreate?.(object)
  omitEmptyMetadata(object)
  writeZeros(object, resource.type)
  const check = (): void =>
    refuseInvalid(resource, object, [
      ...validateNewMetadata(resource, object),
      ...(kind.validate?.(object) ?? []),
      ...(kind.status?.keptOnCreate ? (kind.status.validateStatus?.(object, object) ?? []) : []),
    ])
  check()
  for (let attempt = 1; ; attempt++) {
    if (base && attempt > 1) {
      object.metadata.name = generateName(base)
      check()
    }
    if (kind.warnings) call.warnings.push(...kind.warnings(object))
    await validateAdmission(context, attributes)
    try {
      return await store(context, resource, object, 0, options.dryRun, 201)
    } catch (error) {
      if (!(error instanceof RevisionMismatch)) throw error
      // Retries with another generated name when the name is taken.
      if (!base || attempt === maxGenerateAttempts) throw existsAlready(resource, object, error.head)
    }
  }
}

/** A creator does not own the status, which it may not set; the metadata is the object's own. */
function ownedByCreator({ kind }: ServedResource, object: KubeObject): KubeObject {
  if (!kind.status || kind.status.keptOnCreate) return object
  const { status: _, ...owned } = object as KubeObject & { status?: unknown }
  return owned
}

/** A new object has the status that Go writes before anything is in it, if any. */
function resetStatus({ type }: ServedResource, created: KubeObject): void {
  const object = created as { status?: unknown }
  if (type.shape.filled.some(([name]) => name === 'status')) object.status = zeroStruct(type.field('status'))
  else delete object.status
}

const maxGenerateAttempts = 8

function existsAlready(resource: ServedResource, { metadata }: KubeObject, head: Entry | undefined): ApiError {
  const error = alreadyExists(resource.groupResource, metadata.name ?? '')
  if (metadata.generateName) {
    const more = 'the server was not able to generate a unique name for the object'
    return failure(409, 'AlreadyExists', `${error.message}, ${more}`, error.status.details)
  }
  if (head?.object.metadata.deletionTimestamp === undefined) return error
  return failure(409, 'AlreadyExists', `object is being deleted: ${error.message}`, error.status.details)
}

/** @throws ApiError 400 when body and path have different namespaces */
function placeInNamespace({ resource, namespace }: Target, { metadata }: KubeObject): void {
  if (!resource.kind.namespaced) {
    delete metadata.namespace
    return
  }
  if (namespace === '') throw badRequest('an empty namespace may not be set during creation')
  if (metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  metadata.namespace = namespace
}

function checkNewMetadata({ metadata }: KubeObject): void {
  if (metadata.resourceVersion && metadata.resourceVersion !== '0')
    throw failure(500, '', 'resourceVersion should not be set on objects to be created')
}

function fillNewMetadata(context: RegistryContext, { kind }: ServedResource, { metadata }: KubeObject): void {
  metadata.uid = randomUUID()
  metadata.creationTimestamp = timestamp(context.clock)
  // Kinds that count no changes keep what they are given.
  if (kind.generation === 'changes' || metadata.generation === 0) delete metadata.generation
  else if (kind.generation !== false) metadata.generation = 1
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  if (metadata.generateName === '') delete metadata.generateName
}

/** @throws ApiError 422 */
export function refuseInvalid(
  { custom, kind, type }: ServedResource,
  { metadata }: KubeObject,
  errors: readonly FieldError[],
): void {
  if (errors.length === 0) return
  const printed = custom ? errors : errors.map((error) => withGoValue(error, type))
  // An error names the kind that is stored: that of the core group for events of either.
  throw invalid(kind.kind, kind.storage?.group ?? kind.group, metadata.name ?? '', printed)
}

/** Kubernetes prints an invalid struct with Go's field names and all its fields. */
function withGoValue(error: FieldError, type: TypeNode): FieldError {
  if (error.change) {
    const { before, after, at = error.field, struct } = error.change
    return { ...error, message: error.message + goDiff(before, after, nodeAt(type, at), struct) }
  }
  if (!error.invalid) return error
  const { value, detail, unsupported, at = error.field } = error.invalid
  const printed = goValue(value, nodeAt(type, at))
  return { ...error, message: unsupported ? unsupportedMessage(printed, detail) : invalidMessage(printed, detail) }
}

/** `PUT` of an object, its status or another subresource. @throws ApiError */
export function update(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const { resource, namespace, name } = target
  const options = writeOptions(call, 'UpdateOptions')
  const next = decodeObject(call.body, resource, options.validation, call.warnings)
  const { metadata } = next
  checkName(metadata.name, name)
  if (resource.kind.namespaced) {
    if (metadata.namespace && metadata.namespace !== namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
    metadata.namespace = namespace
  } else delete metadata.namespace
  const { createOnUpdate } = resource.kind
  if (createOnUpdate && target.subresource === '' && !context.store.head(keyOf(resource, namespace, name)))
    return createObject({ context, target, call, options, object: next })
  const unconditional = !metadata.resourceVersion || metadata.resourceVersion === '0'
  return updateObject(context, target, call, options, {
    ...(metadata.uid ? { uid: metadata.uid } : {}),
    next: () => (unconditional ? jsonClone(next) : next),
    attempts: unconditional ? maxAttempts : 1,
  })
}

/** An update is of the object that its path names. @throws ApiError 400 */
export function checkName(given: string | undefined, name: string): void {
  if (given === undefined || given === '') throw nameMissing(name)
  if (given !== name) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`)
}

/** An update has a name in its path, but none in its body. */
export const nameMissing = (name: string): ApiError =>
  badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)

/** How an update computes the new state of an object. */
export interface Change {
  /** Returns the new state, owned by the caller; called again after a conflict. @throws ApiError */
  next(current: Stored): KubeObject
  attempts: number
  /** The object that is meant: another one of this name is a conflict. */
  uid?: string
  /** The change sets managedFields itself (server-side apply). */
  applied?: boolean
  /** A change by the server itself that is already admitted: skips admission and validation. */
  trusted?: boolean
  /** What admission sees in place of the object. */
  view?: AdmissionView
}

/** The object of a subresource that is stored as a field of another one: a Scale. */
export interface AdmissionView {
  subresource: string
  of(object: KubeObject): KubeObject
  /** Writes what admission has made of the view into the object. @throws ApiError */
  take(next: KubeObject, view: KubeObject): void
}

export const maxAttempts = 6

/** Reads, changes and writes one object, retrying on conflict up to the number of attempts. */
export function updateObject(
  context: RegistryContext,
  target: Target,
  call: Call,
  options: WriteOptions,
  change: Change,
): Promise<Answer> {
  return withHead(context, target, change.attempts, (entry) =>
    updateOnce(context, target, call, options, change, entry),
  )
}

/** Runs an operation on the newest entry of an object, retrying on conflict. @throws ApiError 404, 409 */
export async function withHead(
  { store: entries }: RegistryContext,
  { resource, namespace, name }: Target,
  attempts: number,
  write: (entry: Entry) => Promise<Answer>,
): Promise<Answer> {
  const key = keyOf(resource, namespace, name)
  for (let attempt = 1; ; attempt++) {
    const entry = entries.head(key)
    if (!entry) throw notFound(resource.groupResource, name)
    try {
      return await write(entry)
    } catch (error) {
      if (!(error instanceof RevisionMismatch)) throw error
      if (!error.head) throw notFound(resource.groupResource, name)
      if (attempt >= attempts) throw modified(resource, name)
    }
  }
}

async function updateOnce(
  context: RegistryContext,
  target: Target,
  call: Call,
  options: WriteOptions,
  change: Change,
  entry: Entry,
): Promise<Answer> {
  const { resource } = target
  const current = itemOf(resource, entry).object
  if (change.uid !== undefined) requireUid(target, current, change.uid)
  const next = change.next(current)
  checkRevision(resource, next, current)
  keepSystemFields(next.metadata, current.metadata)
  if (!resource.kind.namespaced) delete next.metadata.namespace
  if (!change.trusted) keepOtherParts(target, next, current)
  if (target.subresource === '') ensureSpec(resource, next)
  setDefaults(target, next)
  // As in Kubernetes, who owns which field follows from the request alone, not from what admission and the kind make of it.
  omitEmptyMetadata(next)
  dropRepeatedOwners(next, call)
  if (!change.applied) recordWrite(context, target, options, next, current)
  const { view } = change
  const viewed = view?.of(next)
  const addressed = view ? { ...target, subresource: view.subresource } : target
  const attributes = attributesOf(context, addressed, call, 'UPDATE', {
    object: viewed ?? next,
    oldObject: view?.of(current) ?? current,
    dryRun: options.dryRun,
    options: options.raw,
  })
  if (change.trusted) return storeUpdate(context, target, options, entry, current, next)
  await admit(context, attributes)
  if (viewed) view?.take(next, viewed)
  // Mutating admission may change no more of the object than the request may.
  if (target.subresource !== '') keepOtherParts(target, next, current)
  prepare(target, next, current)
  omitEmptyMetadata(next)
  refuseInvalid(resource, next, findings(target, next, current))
  if (resource.kind.warnings && target.subresource === '') call.warnings.push(...resource.kind.warnings(next, current))
  await validateAdmission(context, attributes)
  return storeUpdate(context, target, options, entry, current, next)
}

/** A subresource writes its part of the object, the main resource everything except those parts. */
function keepOtherParts(target: Target, next: KubeObject, current: KubeObject): void {
  const { kind } = target.resource
  const to = next as unknown as Fields
  const from = current as unknown as Fields
  if (target.subresource === '') {
    if (kind.status) keepField(to, from, 'status')
    return
  }
  const write = partWriteOf(kind, target.subresource)
  const part = write?.part ?? 'status'
  for (const field of new Set([...Object.keys(to), ...Object.keys(from)]))
    if (field !== 'metadata' && field !== part) keepField(to, from, field)
  if (write?.field) keepAllBut(write.field, to, from, part)
  write?.restrict?.(next, current)
  for (const field of keptMetadata(target)) keepField(next.metadata as Fields, current.metadata as Fields, field)
}

type Fields = Record<string, unknown>

/** Returns the fields of `metadata` that a write of a part keeps, as Kubernetes' strategies define them. */
export function keptMetadata({ resource: { kind }, subresource }: Target): readonly MetadataField[] {
  const kept = subresource === 'status' ? kind.status?.keepsMetadata : partWriteOf(kind, subresource)?.keepsMetadata
  return kept ?? defaultKeptMetadata
}

/** By default a write of a part keeps the owner references. */
const defaultKeptMetadata: readonly MetadataField[] = ['ownerReferences']

/** Restores all fields of a part except one. */
function keepAllBut(field: string, to: Fields, from: Fields, part: string): void {
  const kept: Fields = { ...(from[part] as Fields | undefined) }
  keepField(kept, (to[part] as Fields | undefined) ?? {}, field)
  to[part] = kept
}

function keepField(to: Record<string, unknown>, from: Record<string, unknown>, field: string): void {
  if (from[field] === undefined) delete to[field]
  else to[field] = from[field]
}

function setDefaults({ resource: { kind, type }, subresource }: Target, next: KubeObject): void {
  if (subresource === 'status') kind.status?.setStatusDefaults?.(next)
  else kind.setDefaults?.(next)
  writeZeros(next, type)
}

/**
 * In Go a required `spec` that is omitted is an empty struct, so that validation reports its missing fields one by one.
 */
function ensureSpec({ custom, kind, type }: ServedResource, object: KubeObject): void {
  if (!custom && (type.required.includes('spec') || kind.emptySpec)) (object as { spec?: unknown }).spec ??= {}
}

function prepare({ resource: { kind }, subresource }: Target, next: KubeObject, current: KubeObject): void {
  if (subresource === 'status') {
    kind.status?.prepareStatus?.(next, current)
    return
  }
  kind.setDefaults?.(next)
  if (subresource === '') kind.prepareForUpdate?.(next, current)
  if (kind.generation !== false && kind.generation !== 'fixed' && specDiffers(next, current))
    next.metadata.generation = (current.metadata.generation ?? 0) + 1
}

/** Reports whether anything except metadata and status differs: what `metadata.generation` counts. */
function specDiffers(next: KubeObject, current: KubeObject): boolean {
  const a = next as unknown as Record<string, unknown>
  const b = current as unknown as Record<string, unknown>
  const counts = (field: string): boolean => field !== 'metadata' && field !== 'status'
  for (const field in a) if (counts(field) && !jsonEqual(a[field], b[field])) return true
  for (const field in b) if (counts(field) && a[field] === undefined && (b[field] ?? null) !== null) return true
  return false
}

function findings({ resource, subresource }: Target, next: KubeObject, current: KubeObject): FieldError[] {
  const { kind } = resource
  const errors = validateUpdatedMetadata(resource, next, current, subresource)
  if (subresource === 'status') return [...errors, ...(kind.status?.validateStatus?.(next, current) ?? [])]
  if (subresource !== '') return [...errors, ...(partWriteOf(kind, subresource)?.validate?.(next, current) ?? [])]
  const found = kind.validate?.(next, current) ?? []
  const repeated = kind.validatesUpdateTwice ? found : []
  const ofChange = kind.validateUpdate?.(next, current) ?? []
  return kind.validatesChangeFirst
    ? [...errors, ...ofChange, ...found]
    : [...errors, ...found, ...repeated, ...ofChange]
}

/** Writes the new state; skips an unchanged one, and removes a deleted object that is no longer held. */
function storeUpdate(
  context: RegistryContext,
  { resource }: Target,
  options: WriteOptions,
  entry: Entry,
  current: KubeObject,
  next: KubeObject,
): Answer | Promise<Answer> {
  if (next.metadata.deletionTimestamp !== undefined && isReleased(resource, next))
    return remove(context, resource, next, entry.revision, options.dryRun)
  // Kubernetes drops it where it stores the object, so that only a dry run shows it.
  if (!options.dryRun) delete next.metadata.selfLink
  // An entry that is not durable yet must not be acknowledged: writing again waits for the disk.
  if (entry.revision <= context.store.revision && jsonEqual(next, current))
    return { type: 'object', code: 200, resource, object: current, json: itemOf(resource, entry).json }
  return store(context, resource, next, entry.revision, options.dryRun, 200)
}
