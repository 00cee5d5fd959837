import type { KubeObject } from '#shared/kube/object.ts'
import { badRequest, failure, type ApiError } from '#shared/kube/status.ts'
import { timestamp, type RegistryContext, type Target } from '../context.ts'
import type { WriteOptions } from '../write-options.ts'
import { difference, isEmpty, paths, union, withNamedAncestors, type FieldSet } from './field-set.ts'
import { syncLastApplied, withoutOwn } from './last-applied.ts'
import { conflictsOf, Managers, takeFields, type Manager, type ManagerId } from './managed-fields.ts'
import { compareObjects, fieldSetOf, mergeApplied, removeFields } from './typed.ts'

/**
 * Server-side apply: merges `config` into the live object, removes fields that this manager applied before and that
 * have no other owner, and refuses to change fields of other managers unless forced.
 *
 * @param live undefined when the object is to be created. @param config the applied configuration, owned by the caller.
 * @returns the merged state with its managedFields. @throws ApiError 409 with one cause per conflicting field.
 */
export function applyConfiguration(
  { clock }: RegistryContext,
  { resource, subresource }: Target,
  { manager, force }: WriteOptions,
  live: KubeObject | undefined,
  config: KubeObject,
): KubeObject {
  if (config.metadata.managedFields !== undefined && config.metadata.managedFields.length > 0)
    throw badRequest('metadata.managedFields must be nil')
  const id: ManagerId = { name: manager, operation: 'Apply', apiVersion: resource.apiVersion, subresource }
  const managers = Managers.of(live)
  if (live && managers.all().length === 0) managers.set(firstManager(id), fieldsOf(live, resource), timestamp(clock))
  const before = managers.find(id)?.fields
  const claims = fieldSetOf(config, resource.type)
  managers.set(id, claims, timestamp(clock))
  const merged = (live ? mergeApplied(live, config, resource.type) : config) as KubeObject
  const next = before ? prune(merged, before, managers, resource.type) : merged
  const { changed, removed } = compareObjects(live, next, resource.type)
  if (live && !force) {
    const conflicts = withoutOwn(conflictsOf(managers, id, changed), { manager, live, type: resource.type })
    if (conflicts.length > 0) throw conflictError(conflicts)
  }
  takeFields(managers, id, changed, removed)
  const metadata = { ...next.metadata, managedFields: managers.encode() }
  return syncLastApplied({ ...next, metadata }, { manager, live, config })
}

/** Who has all fields of an object that nobody has tracked, when it is first applied. */
const firstManager = (id: ManagerId): ManagerId => ({ ...id, name: 'before-first-apply', operation: 'Update' })

const fieldsOf = (live: KubeObject, { type }: Target['resource']): FieldSet =>
  compareObjects(undefined, live, type).changed

/** Removes fields that this manager applied before and that no manager owns now. */
function prune(
  merged: KubeObject,
  before: FieldSet,
  managers: Managers,
  type: Parameters<typeof removeFields>[2],
): KubeObject {
  let owned: FieldSet = {}
  for (const { fields } of managers.all()) owned = union(owned, fields)
  const orphaned = difference(before, withNamedAncestors(owned))
  if (isEmpty(orphaned)) return merged
  const pruned = removeFields(merged, orphaned, type) as KubeObject
  return { ...pruned, metadata: { ...pruned.metadata } }
}

function conflictError(conflicts: readonly { manager: Manager; fields: FieldSet }[]): ApiError {
  const each = conflicts
    .flatMap(({ manager, fields }) => paths(fields).map((path) => ({ manager: printManager(manager), path })))
    .sort((a, b) => (a.manager < b.manager ? -1 : a.manager > b.manager ? 1 : 0))
  return failure(409, 'Conflict', conflictMessage(each), {
    causes: each.map(({ manager, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${manager}`,
      field: path,
    })),
  })
}

function conflictMessage(each: readonly { manager: string; path: string }[]): string {
  const [first] = each
  if (each.length === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.path}`
  const lines: string[] = []
  let last = ''
  for (const { manager, path } of each) {
    if (manager !== last) lines.push(`conflicts with ${manager}:`)
    last = manager
    lines.push(`- ${path}`)
  }
  return `Apply failed with ${each.length} conflicts: ${lines.join('\n')}`
}

function printManager({ name, operation, apiVersion, subresource }: Manager): string {
  const who = JSON.stringify(name) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '')
  return operation === 'Update' ? `${who} using ${apiVersion}` : who
}
