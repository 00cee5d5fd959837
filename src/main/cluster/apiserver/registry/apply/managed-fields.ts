import type { KubeObject, ManagedFieldsEntry } from '#shared/kube/object.ts'
import { timestamp, type RegistryContext, type Target } from '../context.ts'
import type { WriteOptions } from '../write-options.ts'
import { contains, difference, emptySet, equalSets, intersection, isEmpty, union, type FieldSet } from './field-set.ts'
import { compareObjects } from './typed.ts'

/** The field managers of an object: one entry per name, operation, subresource and (for updates) API version. */
export class Managers {
  readonly #entries: Manager[]

  constructor(entries: readonly Manager[]) {
    this.#entries = [...entries]
  }

  static of(object: KubeObject | undefined): Managers {
    return new Managers((object?.metadata.managedFields ?? []).filter(isDecodable).map(decode))
  }

  all(): readonly Manager[] {
    return this.#entries
  }

  find(id: ManagerId): Manager | undefined {
    return this.#entries.find((entry) => sameManager(entry, id))
  }

  /** Sets the fields of a manager; removes the manager when the set is empty. */
  set(id: ManagerId, fields: FieldSet, time: string): void {
    const at = this.#entries.findIndex((entry) => sameManager(entry, id))
    if (isEmpty(fields)) {
      if (at >= 0) this.#entries.splice(at, 1)
      return
    }
    const old = at >= 0 ? this.#entries[at] : undefined
    if (old && equalSets(old.fields, fields)) return
    const { name, operation, apiVersion, subresource } = id
    const entry: Manager = { name, operation, apiVersion, subresource, fields, time }
    if (at >= 0) this.#entries[at] = entry
    else this.#entries.push(entry)
  }

  /** Updates the time of a manager that has changed fields which it already owns. */
  touch(id: ManagerId, time: string): void {
    const at = this.#entries.findIndex((entry) => sameManager(entry, id))
    const old = this.#entries[at]
    if (!old || old.time === time) return
    const { name, operation, apiVersion, subresource, fields } = old
    this.#entries[at] = { name, operation, apiVersion, subresource, fields, time }
  }

  /** Encodes the entries in Kubernetes' order: Apply before Update, then by time. */
  encode(): ManagedFieldsEntry[] {
    return [...this.#entries].sort(byOperationAndTime).map((entry) => entry.source ?? encode(entry))
  }
}

export interface ManagerId {
  name: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  subresource: string
}

export interface Manager extends ManagerId {
  readonly fields: FieldSet
  readonly time: string | undefined
  /** The stored entry that this one was decoded from, while it is unchanged. */
  readonly source?: ManagedFieldsEntry
}

const sameManager = (a: ManagerId, b: ManagerId): boolean =>
  a.name === b.name &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion)

const isDecodable = (entry: ManagedFieldsEntry): boolean =>
  (entry.operation === 'Apply' || entry.operation === 'Update') && entry.fieldsV1 !== undefined

const decode = (entry: ManagedFieldsEntry): Manager => ({
  name: entry.manager ?? '',
  operation: entry.operation as 'Apply' | 'Update',
  apiVersion: entry.apiVersion ?? '',
  subresource: entry.subresource ?? '',
  fields: entry.fieldsV1 as unknown as FieldSet,
  time: entry.time,
  source: entry,
})

const encode = (entry: Manager): ManagedFieldsEntry => ({
  manager: entry.name,
  operation: entry.operation,
  apiVersion: entry.apiVersion,
  ...(entry.time === undefined ? {} : { time: entry.time }),
  fieldsType: 'FieldsV1',
  fieldsV1: entry.fields,
  ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
})

function byOperationAndTime(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation === 'Apply' ? -1 : 1
  if (a.time !== b.time) return (a.time ?? '') < (b.time ?? '') ? -1 : 1
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** `[{}]` resets managedFields. An empty list does not: clients that do not know the field send it. */
const isReset = (entries: readonly ManagedFieldsEntry[]): boolean =>
  entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0

/**
 * Makes the writer the owner of the fields that its create, update or patch changed, and removes them from all other
 * managers. Sets `next.metadata.managedFields`.
 */
export function recordWrite(
  { clock }: RegistryContext,
  { resource, subresource }: Target,
  { manager }: WriteOptions,
  next: KubeObject,
  current: KubeObject | undefined,
): void {
  const { metadata } = next
  const given = metadata.managedFields ?? []
  if (isReset(given)) {
    delete metadata.managedFields
    return
  }
  const managers = Managers.of(given.length > 0 ? next : current)
  // Who has the fields of an object that nobody has tracked is seen when it is first applied.
  if (current && managers.all().length === 0) {
    delete metadata.managedFields
    return
  }
  const { changed, removed } = compareObjects(current, next, resource.type)
  if (!isEmpty(changed) || !isEmpty(removed)) {
    const id: ManagerId = { name: manager, operation: 'Update', apiVersion: resource.apiVersion, subresource }
    const time = timestamp(clock)
    takeFields(managers, id, changed, removed)
    const own = difference(managers.find(id)?.fields ?? emptySet, removed)
    if (!isEmpty(removed) || !contains(own, changed)) managers.set(id, union(own, changed), time)
    else managers.touch(id, time)
  }
  const entries = managers.encode()
  if (entries.length > 0) metadata.managedFields = entries
  else delete metadata.managedFields
}

/** Removes changed and deleted fields from every manager except `except`. */
export function takeFields(managers: Managers, except: ManagerId, changed: FieldSet, removed: FieldSet): void {
  const others = managers.all().filter((manager) => !sameManager(manager, except))
  if (others.length === 0) return
  const taken = union(changed, removed)
  for (const manager of others) {
    const lost = intersection(manager.fields, taken)
    if (!isEmpty(lost)) managers.set(manager, difference(manager.fields, lost), manager.time ?? '')
  }
}

/** The changed fields that other managers own, per manager. */
export function conflictsOf(
  managers: Managers,
  applier: ManagerId,
  changed: FieldSet,
): { manager: Manager; fields: FieldSet }[] {
  return managers
    .all()
    .filter((manager) => !sameManager(manager, applier))
    .map((manager) => ({ manager, fields: intersection(manager.fields, changed) }))
    .filter(({ fields }) => !isEmpty(fields))
}
