import { badRequest, fieldInvalid, fieldNotSupported, fieldTooLong, invalid } from '#shared/kube/status.ts'
import { fieldValidation, type FieldValidation } from '../codec/body.ts'
import type { Call } from '../api/request.ts'

/** The parsed parameters of a write. */
export interface WriteOptions {
  dryRun: boolean
  /** The field manager recorded in `metadata.managedFields`. */
  manager: string
  validation: FieldValidation
  /** Server-side apply takes ownership of fields of other managers. */
  force: boolean
  /** The options as admission sees them. */
  raw: Readonly<Record<string, unknown>>
}

/** @throws ApiError 400 or 422 */
export function writeOptions(
  { query, agent }: Call,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
): WriteOptions {
  const manager = query['fieldManager']
  if (manager !== undefined) checkManager(manager, kind)
  const dryRun = isDryRun(query['dryRun'], kind)
  const validation = fieldValidation(query['fieldValidation'], kind)
  return {
    dryRun,
    manager: manager === undefined || manager === '' ? agent : manager,
    validation,
    force: query['force'] === 'true' || query['force'] === '1',
    raw: {
      kind,
      apiVersion: 'meta.k8s.io/v1',
      ...(manager ? { fieldManager: manager } : {}),
      ...(dryRun ? { dryRun: ['All'] } : {}),
      ...(query['fieldValidation'] ? { fieldValidation: validation } : {}),
      ...(query['force'] === undefined ? {} : { force: query['force'] === 'true' }),
    },
  }
}

/** @throws ApiError 422 for anything but `All`. */
export function isDryRun(value: string | undefined, kind: string): boolean {
  if (value === undefined || value === '') return false
  if (value === 'All') return true
  throw invalid(kind, 'meta.k8s.io', '', [fieldNotSupported('dryRun', [value], ['All'])])
}

const maxManager = 128

function checkManager(manager: string, kind: string): void {
  if (manager.length > maxManager) throw invalid(kind, 'meta.k8s.io', '', [fieldTooLong('fieldManager', maxManager)])
  if (/[^\P{C}]/u.test(manager))
    throw invalid(kind, 'meta.k8s.io', '', [
      fieldInvalid('fieldManager', manager, 'should only contain printable characters'),
    ])
}

/** Options of a delete, from the query or a DeleteOptions body; the body takes precedence. */
export interface DeleteOptions {
  dryRun: boolean
  gracePeriodSeconds: number | undefined
  propagationPolicy: 'Foreground' | 'Background' | 'Orphan' | undefined
  uid: string | undefined
  resourceVersion: string | undefined
  raw: Readonly<Record<string, unknown>>
}

/** @throws ApiError 400 or 422 */
export function deleteOptions({ query }: Call, body: unknown): DeleteOptions {
  const fields = bodyFields(body)
  const dryRun = Array.isArray(fields['dryRun']) ? (fields['dryRun'][0] as string | undefined) : query['dryRun']
  const policy = propagationPolicy(fields, query)
  const { uid, resourceVersion } = preconditionsOf(fields['preconditions'] ?? {})
  return {
    dryRun: isDryRun(dryRun, 'DeleteOptions'),
    gracePeriodSeconds: gracePeriod(fields['gracePeriodSeconds'] ?? query['gracePeriodSeconds']),
    propagationPolicy: policy,
    uid,
    resourceVersion,
    raw: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...fields },
  }
}

function bodyFields(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw badRequest('the body of a delete must be a DeleteOptions object')
  const fields = body as Record<string, unknown>
  if (fields['kind'] !== undefined && fields['kind'] !== '' && fields['kind'] !== 'DeleteOptions')
    throw badRequest(
      `no kind ${JSON.stringify(fields['kind'])} is registered for version ${JSON.stringify(fields['apiVersion'] ?? '')} in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"`,
    )
  return fields
}

function preconditionsOf(value: unknown): { uid: string | undefined; resourceVersion: string | undefined } {
  const { uid, resourceVersion } = value as Record<string, unknown>
  const isText = (text: unknown): text is string | undefined => text === undefined || typeof text === 'string'
  if (typeof value !== 'object' || Array.isArray(value) || !isText(uid) || !isText(resourceVersion))
    throw badRequest('preconditions of DeleteOptions must be an object of uid and resourceVersion, both strings')
  return { uid, resourceVersion }
}

function gracePeriod(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const seconds = Number(value)
  if (!Number.isInteger(seconds))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(JSON.stringify(value))}: invalid syntax`)
  return seconds
}

function propagationPolicy(
  fields: Record<string, unknown>,
  query: Readonly<Record<string, string | undefined>>,
): DeleteOptions['propagationPolicy'] {
  const policy = (fields['propagationPolicy'] ?? query['propagationPolicy']) as string | undefined
  const orphan = fields['orphanDependents'] ?? query['orphanDependents']
  if (orphan !== undefined && orphan !== null) {
    if (policy !== undefined)
      throw invalid('DeleteOptions', 'meta.k8s.io', '', [
        fieldInvalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
      ])
    return orphan === true || orphan === 'true' ? 'Orphan' : 'Background'
  }
  if (policy === undefined || policy === '') return undefined
  if (policy === 'Foreground' || policy === 'Background' || policy === 'Orphan') return policy
  throw invalid('DeleteOptions', 'meta.k8s.io', '', [
    fieldNotSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']),
  ])
}
