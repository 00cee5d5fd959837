import { stringify } from 'yaml'
import { messageOf } from '#shared/base/message-of.ts'
import { parseExact } from '#shared/kube/exact-json.ts'
import { goJsonProblem } from '#shared/kube/go-json.ts'
import { jsonClone } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import {
  badRequest,
  fieldInvalid,
  fieldNotSupported,
  invalid,
  unsupportedMediaType,
  ApiError,
} from '#shared/kube/status.ts'
import { prune } from '../schema/prune.ts'
import { isFields, type Fields, type Schema } from '../schema/structural.ts'
import type { ServedResource } from '../api/resources.ts'
import type { Body } from '../api/request.ts'
import { conform, TypeMismatch } from './decode.ts'
import { decodeProtobuf } from './protobuf.ts'
import { countJsonKeys, duplicateFields } from './duplicates.ts'
import { exceededLimit } from './excess.ts'
import { readYaml } from './yaml.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

export const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const

/**
 * Parses a body into a plain value that the caller owns.
 * @param repeated collects warnings about duplicate YAML keys; without it duplicates are ignored.
 * @throws ApiError 400 for a syntax error, 415 for an unknown type.
 */
export function parseBody(body: Body, repeated?: string[]): unknown {
  if ('value' in body) return jsonClone(body.value)
  const type = mediaType(body.contentType)
  if (type === 'application/json' || body.contentType === '') return parseJson(body.bytes)
  if (type === 'application/yaml') {
    for (const text of body.repeated ?? []) repeated?.push(text)
    return parseYaml(body.bytes, repeated)
  }
  if (type === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(body.bytes)
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${bodyTypes.join(', ')}`,
  )
}

/** The media type of a Content-Type, without its parameters. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** @throws ApiError 400 */
export function parseJson(bytes: Buffer): unknown {
  const excess = exceededLimit(bytes)
  if (excess !== undefined) throw badRequest(`couldn't get version/kind; json parse error: ${excess}`)
  try {
    return parseExact(bytes.toString())
  } catch (error) {
    const problem = goJsonProblem(bytes.toString()) ?? messageOf(error)
    throw badRequest(`couldn't get version/kind; json parse error: ${problem}`)
  }
}

/** Parses JSON as JSON, everything else as YAML. @throws ApiError 400 */
export function parseYaml(bytes: Buffer, repeated?: string[]): unknown {
  if (looksLikeJson(bytes)) {
    const excess = exceededLimit(bytes)
    if (excess !== undefined) throw notYaml(excess)
    try {
      return parseExact(bytes.toString())
    } catch {
      // A YAML flow mapping that is not JSON.
    }
  }
  try {
    const read = readYaml(bytes.toString())
    for (const text of read.repeated) repeated?.push(text)
    return read.value
  } catch (error) {
    throw notYaml(messageOf(error))
  }
}

export const notYaml = (why: string): ApiError => badRequest(`error converting YAML to JSON: yaml: ${why}`)

export const looksLikeJson = (bytes: Buffer): boolean => /^\s*[{[]/.test(bytes.toString('latin1', 0, 64))

/** An object as YAML, for `Accept: application/yaml`. */
export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

/** Parses the `fieldValidation` parameter; the default is to warn. @param kind of the options @throws ApiError 422 */
export function fieldValidation(value: string | undefined, kind: string): FieldValidation {
  if (value === undefined || value === '') return 'Warn'
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw invalid(kind, 'meta.k8s.io', '', [
    fieldNotSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']),
  ])
}

/** Decodes an object of the resource's kind; unknown and duplicate fields are refused, warned about or ignored. */
export function decodeObject(
  body: Body,
  resource: ServedResource,
  validation: FieldValidation,
  warnings: string[],
  { sparse = false } = {},
): KubeObject {
  const repeated: string[] = []
  const value = parseAs(resource, body, repeated)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  const object = value as KubeObject
  if (sparse) checkConfigurationType(object, resource)
  const filled = checkTypeMeta(object, resource)
  const findings = conformObject(object, resource, { sparse })
  object.metadata ??= {}
  if (validation !== 'Ignore') {
    const duplicates =
      'bytes' in body && looksLikeJson(body.bytes) && countJsonKeys(body.bytes) > findings.keys - filled
    const unknown = findings.unknownFields.slice(0, maxProblems).map((path) => `unknown field "${path}"`)
    const repeats = duplicates ? duplicateFields(body.bytes.toString(), maxProblems) : []
    const problems = [...repeats.map((path) => `duplicate field "${path}"`), ...unknown].slice(0, maxProblems)
    if (repeated.length > 0)
      problems.unshift(`yaml: unmarshal errors:\n  ${repeated.slice(0, maxProblems).join('\n  ')}`)
    if (problems.length > 0) report(problems, resource, validation, warnings)
  }
  return object
}

/** @throws ApiError 400 that says which kind was expected, and of which bytes that is not one (transformDecodeError) */
function parseAs({ kind }: ServedResource, body: Body, repeated: string[]): unknown {
  try {
    return parseBody(body, repeated)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 400 || !('bytes' in body)) throw error
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): ${error.message} (${summaryOf(body.bytes)})`,
    )
  }
}

/** The beginning of a body that is JSON, else its bytes. */
function summaryOf(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>'
  const part = bytes.subarray(0, longestSummary)
  return `${bytes[0] === openingBrace ? part.toString() : part.toString('hex')}${bytes.length > longestSummary ? ' ...' : ''}`
}

/** Bytes of a body that a message repeats. */
const longestSummary = 30
const openingBrace = 0x7b

/** As in Kubernetes' decoder, at most this many problems are reported. */
const maxProblems = 100

/** @throws ApiError 400 where a value has the wrong type */
export function conformObject(
  object: KubeObject,
  resource: ServedResource,
  options: {
    sparse?: boolean
    /** The object was unstructured before: integers are cut to their type. */
    wrapping?: boolean
    /** The error for a value of the wrong type. */
    refuse?(problem: TypeMismatch): ApiError
  } = {},
): ReturnType<typeof conform> {
  try {
    return resource.custom
      ? // What an apply configuration has beyond its schema is refused later, not pruned.
        conformCustom(options.sparse ? structuredClone(object) : object, resource, resource.custom.schema)
      : conform(object, resource.type, options)
  } catch (error) {
    if (!(error instanceof TypeMismatch)) throw error
    throw options.refuse ? options.refuse(error) : cannotBeHandled(resource, error.message)
  }
}

/**
 * Decodes a custom object: metadata as for every kind, the rest pruned by its schema. Validation reports wrong types.
 */
function conformCustom(object: KubeObject, { type }: ServedResource, schema: Schema): ReturnType<typeof conform> {
  const findings = prune(object as unknown as Fields, schema)
  const metadata = type.field('metadata')
  if (!metadata) return findings
  const conformed = (path: string, given: object): void =>
    void findings.unknownFields.push(...conform(given, metadata).unknownFields.map((name) => `${path}.${name}`))
  if (isFields(object.metadata)) conformed('metadata', object.metadata)
  for (const { path, value } of findings.embeddedTypes) throw embeddedMismatch(path, value, 'must be a string')
  for (const { path, metadata: given } of findings.embeddedMetadata) {
    const before = jsonClone(given)
    try {
      conformed(path, given)
    } catch (error) {
      throw error instanceof TypeMismatch ? embeddedMismatch(path, before, error.message) : error
    }
  }
  return findings
}

function embeddedMismatch(path: string, value: unknown, problem: string): TypeMismatch {
  const text = `${path}: ${fieldInvalid(path, value, problem).message}`
  return new TypeMismatch(text, text)
}

const cannotBeHandled = ({ kind }: ServedResource, why: string): ReturnType<typeof badRequest> =>
  badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`)

function report(problems: string[], resource: ServedResource, validation: FieldValidation, warnings: string[]): void {
  if (validation === 'Strict') throw cannotBeHandled(resource, `strict decoding error: ${problems.join(', ')}`)
  for (const problem of problems) warnings.push(problem)
}

/** Where Kubernetes makes the scheme of a kind: definitions of custom resources have an API server of their own. */
const schemeOf = ({ group }: ServedResource['kind']): string =>
  group === 'apiextensions.k8s.io' ? 'pkg/apiserver/apiserver.go:55' : 'pkg/api/legacyscheme/scheme.go:30'

/** The words of Kubernetes' scheme for a body of another kind or version. */
function unknownKind({ kind = '', apiVersion = '' }: KubeObject, wanted: ServedResource['kind']): ApiError {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  return badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${wanted.kind}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${schemeOf(wanted)}"`,
  )
}

/** An apply configuration says of which kind it is (versionCheckManager). */
function checkConfigurationType(object: KubeObject, { kind, apiVersion }: ServedResource): void {
  const given = typeof object.apiVersion === 'string' ? object.apiVersion : ''
  const named = typeof object.kind === 'string' ? object.kind : ''
  if (given === apiVersion && named === kind.kind) return
  const groupVersion = given.includes('/') ? given : `/${given}`
  throw badRequest(`invalid object type: ${groupVersion.split('/').length > 2 ? '/' : groupVersion}, Kind=${named}`)
}

/** Sets missing type information and refuses another kind. @returns how many keys were added */
function checkTypeMeta(object: KubeObject, { kind, apiVersion }: ServedResource): number {
  const filled = (object.kind === undefined ? 1 : 0) + (object.apiVersion === undefined ? 1 : 0)
  object.kind ||= kind.kind
  object.apiVersion ||= apiVersion
  if (object.apiVersion !== apiVersion || object.kind !== kind.kind) throw unknownKind(object, kind)
  return filled
}
