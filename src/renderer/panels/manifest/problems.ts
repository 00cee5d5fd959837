import type { StatusCause } from '#shared/kube/status.ts'
import { ApiError } from '#shared/kube/status.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Manifest } from './documents.ts'
import { locate, readFieldPath, valueAt, writeFieldPath, type FieldPath, type Span } from './fields.ts'

/** What is the matter with a text, and where. */
export interface Problem extends Span {
  severity: 'error' | 'warning'
  /** Who says so. */
  source: 'yaml' | 'schema' | 'server' | 'merge' | 'owners' | 'helm'
  message: string
  /** The field that is meant, as users read it. */
  field?: string
  /** Of a server's cause: the field, and the object's place among those of the text. */
  cause?: { path: FieldPath; index: number }
}

/** What a server said of one object: the whole, and the causes with their fields. */
export interface Refusal {
  message: string
  causes: readonly StatusCause[]
}

/** What a failed request says, in the server's own words. */
export function refusalOf(failure: unknown): Refusal {
  const message = messageOf(failure)
  if (!(failure instanceof ApiError)) return { message, causes: [] }
  const causes = (failure.status.details?.causes ?? []).filter(({ reason }) => reason !== 'FieldManagerConflict')
  return { message, causes: causes.length > 0 ? causes : decodingCauses(message) }
}

/** Fields that are named in the message alone, as strict decoding does: `unknown field "spec.x", duplicate field "y"`. */
function decodingCauses(message: string): StatusCause[] {
  return [...message.matchAll(/(unknown|duplicate) field "([^"]+)"/g)].map(([text, , field = '']) => ({
    reason: 'FieldValueInvalid',
    message: text,
    field,
  }))
}

/**
 * The server's causes at their places in the text; a cause without a field is at the head of its object.
 * @param index of the object in the text
 */
export function serverProblems({ document, at }: Manifest, { message, causes }: Refusal, index: number): Problem[] {
  const given = causes.length > 0 ? causes : [{ message, reason: '', field: undefined }]
  return given.map((cause) => {
    const path = cause.field ? readFieldPath(cause.field) : []
    const { span } = locate(document, [...at, ...path])
    return {
      severity: 'error',
      source: 'server',
      message: withoutField(cause.message, cause.field),
      ...(cause.field ? { field: writeFieldPath(path), cause: { path, index } } : {}),
      ...span,
    }
  })
}

/** A message often begins with its field again. */
const withoutField = (message: string, field: string | undefined): string =>
  field && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message

/** The value of a cause's field: when it changes, the cause may be gone. */
export const causeValue = ({ object }: Manifest, { field }: StatusCause): unknown =>
  field ? valueAt(object, readFieldPath(field)) : undefined

/** Errors first, then by place. */
export const inPlace = (problems: readonly Problem[]): Problem[] =>
  [...problems].sort((a, b) => (a.severity === b.severity ? a.from - b.from : a.severity === 'error' ? -1 : 1))
