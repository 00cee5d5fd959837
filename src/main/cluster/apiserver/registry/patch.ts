import { applyPatch, Pointer, type Operation as JsonPatchOperation } from 'rfc6902'
import { messageOf } from '#shared/base/message-of.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import { goJsonProblem } from '#shared/kube/go-json.ts'
import { jsonClone, setField } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { mergePatch } from '#shared/kube/patch/merge.ts'
import { goText } from '#shared/kube/go-text.ts'
import { PatchFormatError, strategicMerge, StrategicPatchError } from '#shared/kube/patch/strategic.ts'
import {
  badRequest,
  failure,
  fieldInvalid,
  fieldRequired,
  invalid,
  unsupportedMediaType,
  type ApiError,
} from '#shared/kube/status.ts'
import { conformObject, decodeObject, mediaType } from '../codec/body.ts'
import type { TypeMismatch } from '../codec/decode.ts'
import { exceededLimit } from '../codec/excess.ts'
import { partWriteOf, type KindDeclaration } from '../api/kind.ts'
import type { Answer, Call } from '../api/request.ts'
import { applyConfiguration } from './apply/apply.ts'
import { typedProblem } from './apply/typed-check.ts'
import type { RegistryContext, Target } from './context.ts'
import { keyOf } from '../api/resources.ts'
import { createObject, keptMetadata, maxAttempts, nameMissing, updateObject } from './write.ts'
import { writeOptions, type WriteOptions } from './write-options.ts'

export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const

/** `PATCH` of an object, in each of the four patch types. @throws ApiError */
export function patch(context: RegistryContext, target: Target, call: Call): Promise<Answer> {
  const type = mediaType(call.body.contentType)
  const options = writeOptions(call, 'PatchOptions')
  if (type === 'application/apply-patch+yaml') return apply(context, target, call, options)
  const change = patcherOf(target, call, type)
  return updateObject(context, target, call, options, {
    attempts: maxAttempts,
    next: (current) => decodePatched(target, call, options, current, change(current), type),
  })
}

type Patcher = (current: KubeObject) => unknown

/** Parses the body of a patch once; the returned function can be called again after a conflict. */
export function patcherOf(target: Target, call: Call, type: string): Patcher {
  const body = 'bytes' in call.body ? parsePatch(call.body.bytes) : call.body.value
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatcher(body)
    case 'application/merge-patch+json':
      if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('Invalid JSON Patch')
      return (current) => mergePatch(current, body)
    case 'application/strategic-merge-patch+json':
      if (target.resource.custom) throw unsupportedPatch(patchTypes.filter((one) => one !== type))
      return strategicPatcher(target, body)
    default:
      throw target.resource.custom ? unsupportedPatch(patchTypes) : unsupportedMediaType('415: Unsupported Media Type')
  }
}

const unsupportedPatch = (accepted: readonly string[]): ApiError =>
  unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

function parsePatch(bytes: Buffer): unknown {
  const excess = exceededLimit(bytes)
  if (excess !== undefined) throw badRequest(`error decoding patch: ${excess}`)
  try {
    return parseExact(bytes.toString())
  } catch (error) {
    throw badRequest(`error decoding patch: ${goJsonProblem(bytes.toString()) ?? messageOf(error)}`)
  }
}

const maxOperations = 10_000
const maxCopied = 3 * 1024 * 1024

function jsonPatcher(body: unknown): Patcher {
  if (!Array.isArray(body))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  if (body.length > maxOperations)
    throw failure(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${body.length}`,
    )
  const operations = body as JsonPatchOperation[]
  for (const operation of operations) checkPointers(operation)
  return (current) => {
    const document = jsonClone(current)
    let copied = 0
    for (const operation of jsonClone(operations)) {
      if (operation.op === 'copy') copied += sizeAt(document, operation.from)
      // Copies of copies double with every operation; Kubernetes has the same limit (AccumulatedCopySizeLimit of
      // jsonpatch).
      if (copied > maxCopied) throw unapplicable()
      const [problem] = applyPatch(document, [operation])
      if (problem) throw unapplicable()
    }
    return document
  }
}

/** Returns the bytes of the value at a pointer; 0 when there is none, which applying the patch reports. */
function sizeAt(document: unknown, pointer: string): number {
  const value: unknown = Pointer.fromJSON(pointer).get(document)
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
}

/** Refuses pointers that the library would follow into prototypes. */
function checkPointers(operation: JsonPatchOperation): void {
  const { path, from } = (operation ?? {}) as { path?: unknown; from?: unknown }
  if (typeof path !== 'string') throw badRequest('error decoding patch: missing value of path')
  for (const pointer of [path, typeof from === 'string' ? from : '']) {
    if (pointer !== '' && !pointer.startsWith('/')) throw unapplicable()
    if (/(^|\/)(__proto__|constructor|prototype)(\/|$)/.test(pointer)) throw unapplicable()
  }
}

/** Kubernetes does not say what cannot be applied. */
const unapplicable = (): ApiError =>
  failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

function strategicPatcher({ resource }: Target, body: unknown): Patcher {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}')
  return (current) => {
    try {
      return strategicMerge(
        current as unknown as Record<string, unknown>,
        body as Record<string, unknown>,
        resource.type,
      )
    } catch (error) {
      if (error instanceof PatchFormatError) throw badRequest(error.message)
      // Kubernetes gives its other errors no code (interpretStrategicMergePatchError).
      if (error instanceof StrategicPatchError) throw failure(500, '', error.message)
      throw error
    }
  }
}

/** Decodes the patched value as an object of its kind. The caller may mutate it. */
function decodePatched(
  target: Target,
  call: Call,
  { validation }: WriteOptions,
  current: KubeObject,
  patched: unknown,
  type: string,
): KubeObject {
  const next = draftOf(patched as KubeObject)
  const { resource, name, namespace } = target
  const isStrategic = type === 'application/strategic-merge-patch+json'
  if (next.kind !== resource.kind.kind || next.apiVersion !== resource.apiVersion) {
    if (!isStrategic && !resource.custom && isOtherKind(next, resource.kind))
      throw wrongPatch(JSON.stringify(patched), unknownConversion(next, resource.kind))
    next.kind = resource.kind.kind
    next.apiVersion = resource.apiVersion
  }
  const { unknownFields } = conformExceptOwners(next, current, resource, {
    wrapping: isStrategic,
    refuse: (problem) =>
      isStrategic
        ? wrongPatch(goText(valueOf(call)), problem.conversion)
        : wrongPatch(JSON.stringify(patched), problem.message),
  })
  if (unknownFields.length > 0 && validation !== 'Ignore') reportUnknown(unknownFields, call, validation, isStrategic)
  const { metadata } = next
  if (metadata.name === undefined || metadata.name === '') throw nameMissing(name)
  if (metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  if (resource.kind.namespaced && (metadata.namespace ?? '') !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (metadata.uid === undefined) setField(metadata, 'uid', current.metadata.uid)
  return next
}

/** Whether a patched object is no longer of its kind: an absent type is the kind's, and other versions of it are converted. */
function isOtherKind({ kind, apiVersion }: Partial<KubeObject>, own: KindDeclaration): boolean {
  const group = apiVersion?.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return (Boolean(kind) && kind !== own.kind) || (Boolean(apiVersion) && group !== own.group)
}

function unknownConversion({ kind, apiVersion }: Partial<KubeObject>, own: KindDeclaration): string {
  const version = apiVersion?.slice(apiVersion.indexOf('/') + 1) ?? own.version
  const internal = own.group === '' ? 'core' : own.group.split('.')[0]
  return `converting (*${version}.${kind ?? own.kind}) to (*${internal ?? ''}.${own.kind}): unknown conversion`
}

/** Skips managedFields that the patch did not change: they are a large part of an object and already decoded. */
function conformExceptOwners(
  next: KubeObject,
  current: KubeObject,
  resource: Target['resource'],
  options: { wrapping: boolean; refuse(problem: TypeMismatch): ApiError },
): ReturnType<typeof conformObject> {
  const { managedFields } = next.metadata
  if (managedFields === undefined || managedFields !== current.metadata.managedFields)
    return conformObject(next, resource, options)
  delete next.metadata.managedFields
  const findings = conformObject(next, resource, options)
  next.metadata.managedFields = managedFields
  return findings
}

/** Returns a copy to be mutated; managedFields are shared, as their entries are never mutated. */
export function draftOf<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata ?? {}
  const draft = jsonClone<T>({ ...object, metadata })
  if (managedFields) draft.metadata.managedFields = managedFields
  return draft
}

function reportUnknown(
  paths: readonly string[],
  call: Call,
  validation: WriteOptions['validation'],
  isStrategic: boolean,
): void {
  const problems = paths.map((path) => `unknown field "${path}"`)
  if (validation === 'Warn') {
    call.warnings.push(...problems)
    return
  }
  const body = 'bytes' in call.body ? call.body.bytes.toString() : JSON.stringify(call.body.value)
  throw wrongPatch(isStrategic ? goText(valueOf(call)) : body, `strict decoding error: ${problems.join(', ')}`)
}

const wrongPatch = (patch: string, problem: string): ApiError =>
  invalid('', '', '', [fieldInvalid('patch', patch, problem)])

const valueOf = ({ body }: Call): unknown => ('bytes' in body ? parsePatch(body.bytes) : body.value)

/** Server-side apply: creates the object when it does not exist. */
async function apply(context: RegistryContext, target: Target, call: Call, options: WriteOptions): Promise<Answer> {
  const { resource, namespace, name } = target
  if (!call.query['fieldManager'])
    throw invalid('PatchOptions', 'meta.k8s.io', '', [fieldRequired('fieldManager', 'is required for apply patch')])
  const { config, label } = decodeConfiguration(target, call, options)
  const conversion = { wrapping: true, refuse: (problem: TypeMismatch) => unconvertible(target, label, problem) }
  for (let attempt = 1; ; attempt++) {
    const exists = context.store.head(keyOf(resource, namespace, name)) !== undefined
    if (exists || target.subresource !== '')
      return updateObject(context, target, call, options, {
        attempts: maxAttempts,
        applied: true,
        next: (current) => {
          const next = draftOf(applyConfiguration(context, target, options, current, jsonClone(config)))
          conformExceptOwners(next, current, resource, conversion)
          return next
        },
      })
    if (config.metadata.uid)
      throw failure(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${resource.groupResource.resource} "${name}": uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`,
      )
    try {
      const object = applyConfiguration(context, target, options, undefined, jsonClone(config))
      conformObject(object, resource, conversion)
      return await createObject({ context, target, call, options, object, applied: true })
    } catch (error) {
      // Another client created the object in between: apply to that one.
      if (attempt < maxAttempts && (error as Partial<ApiError>).reason === 'AlreadyExists') continue
      throw error
    }
  }
}

/** @returns the configuration and Kubernetes' words for it: `(team/web; apps/v1, Kind=Deployment)` */
function decodeConfiguration(target: Target, call: Call, options: WriteOptions): { config: KubeObject; label: string } {
  const { resource, namespace, name } = target
  const body = 'bytes' in call.body ? { ...call.body, contentType: 'application/yaml' } : call.body
  const unknown: string[] = []
  const config = decodeObject(body, resource, options.validation === 'Ignore' ? 'Ignore' : 'Warn', unknown, {
    sparse: true,
  })
  const label = labelOf(target, config)
  const problem = typedProblem(config, resource.type)
  if (problem !== undefined) throw failure(500, '', `failed to create typed patch object ${label}: ${problem}`)
  const repeated = unknown.find((problem) => !problem.startsWith('unknown field'))
  if (repeated !== undefined && options.validation === 'Strict')
    throw badRequest(`error decoding YAML: strict decoding error: ${repeated}`)
  dropOtherParts(target, config)
  const { metadata } = config
  metadata.name ??= name
  if (metadata.name === '') throw nameMissing(name)
  if (metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  if (resource.kind.namespaced) {
    metadata.namespace ??= namespace
    if (metadata.namespace !== namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  return { config, label }
}

const labelOf = ({ resource: { apiVersion, kind } }: Target, { metadata }: KubeObject): string =>
  `(${textOf(metadata.namespace)}/${textOf(metadata.name)}; ${qualified(apiVersion)}, Kind=${kind.kind})`

/** Another value than a text is none here. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const qualified = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion : `/${apiVersion}`)

function unconvertible(target: Target, label: string, { conversion }: TypeMismatch): ApiError {
  const { apiVersion, kind } = target.resource
  return failure(
    500,
    '',
    `failed to convert new object ${label} to proper version: unable to convert unstructured object to ${qualified(apiVersion)}, Kind=${kind.kind}: ${conversion}`,
  )
}

/** Drops the fields that this subresource does not write, so that the manager does not own them. */
function dropOtherParts(target: Target, config: KubeObject): void {
  const { resource, subresource } = target
  const fields = config as unknown as Record<string, unknown>
  if (subresource === '') {
    if (resource.kind.status) delete fields['status']
    return
  }
  const write = partWriteOf(resource.kind, subresource)
  const part = write?.part ?? 'status'
  for (const field of Object.keys(fields))
    if (!['apiVersion', 'kind', 'metadata', part].includes(field)) delete fields[field]
  for (const field of keptMetadata(target)) delete config.metadata[field]
  if (write?.field) {
    const { [write.field]: value } = (fields[part] ?? {}) as Record<string, unknown>
    fields[part] = value === undefined ? {} : { [write.field]: value }
  }
  write?.restrictApplied?.(config)
}
