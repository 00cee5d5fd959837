/**
 * The error type of the Kubernetes API, with a constructor for each reason. Mapped to HTTP only at the server's edge.
 */
export class ApiError extends Error {
  readonly status: Status

  constructor(status: Status) {
    super(status.message)
    this.name = 'ApiError'
    this.status = status
  }

  get code(): number {
    return this.status.code
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

/** `meta/v1.Status` with result Failure. */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Failure' | 'Success'
  message: string
  reason?: string
  details?: StatusDetails
  code: number
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface StatusCause {
  reason: string
  message: string
  field?: string
}

/** A group and a plural resource name, as error messages write them: `deployments.apps`. */
export interface GroupResource {
  group: string
  resource: string
}

export function failure(code: number, reason: string, message: string, details?: StatusDetails): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  })
}

const qualified = ({ group, resource }: GroupResource): string => (group ? `${resource}.${group}` : resource)
const detailsOf = ({ group, resource }: GroupResource, name: string): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(group ? { group } : {}),
  kind: resource,
})

export const notFound = (resource: GroupResource, name: string): ApiError =>
  failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name))

export const alreadyExists = (resource: GroupResource, name: string): ApiError =>
  failure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name))

export const conflict = (resource: GroupResource, name: string, why: string): ApiError =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  )

export const badRequest = (message: string): ApiError => failure(400, 'BadRequest', message)

export const unauthorized = (): ApiError => failure(401, 'Unauthorized', 'Unauthorized')

export const forbidden = (resource: GroupResource, name: string, why: string): ApiError =>
  failure(
    403,
    'Forbidden',
    `${qualified(resource)} ${name ? `"${name}" ` : ''}is forbidden: ${why}`,
    detailsOf(resource, name),
  )

export const methodNotSupported = (resource: GroupResource, verb: string): ApiError =>
  failure(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(resource)}"`, {
    ...detailsOf(resource, ''),
  })

/** 405 for a path that has no such method at all. */
export const methodNotAllowed = (): ApiError =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
export const notAcceptable = (message: string): ApiError => failure(406, 'NotAcceptable', message)

export const unsupportedMediaType = (message: string): ApiError => failure(415, 'UnsupportedMediaType', message)

export const expired = (message: string): ApiError => failure(410, 'Expired', message)

export const tooLarge = (message: string): ApiError => failure(413, 'RequestEntityTooLarge', message)

export const tooManyRequests = (message: string, retryAfterSeconds: number): ApiError =>
  failure(429, 'TooManyRequests', message, { retryAfterSeconds })

export const timeout = (message: string): ApiError => failure(504, 'Timeout', message)

export const internal = (message: string): ApiError =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: 'UnexpectedServerError', message }],
  })

export const serviceUnavailable = (message: string): ApiError => failure(503, 'ServiceUnavailable', message)

/** One validation error, as apimachinery's `field.Error`: a path, a problem, and the invalid value. */
export interface FieldError {
  /** The object whose value is invalid: the API prints it as Go prints the struct. `at` is its path where `field` is another. */
  invalid?: { value: object; detail: string; unsupported?: true; at?: string }
  /**
   * A change that is forbidden: the API appends it to the message as the difference of Go's structs. `at` is the path of the values,
   * that of the error when unset; `struct` is the internal struct that is compared, where it is embedded in their type.
   */
  change?: { before: unknown; after: unknown; at?: string; struct?: string }
  type:
    | 'FieldValueRequired'
    | 'InternalError'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotFound'
  /** `spec.containers[0].name` */
  field: string
  /** The text after the path, as Kubernetes writes it: `Required value: …`, `Invalid value: "x": …`. */
  message: string
}

/** 422 with every error as a cause; the message has each text once. @param kind the object's kind, qualified by its group if it has one */
export function invalid(kind: string, group: string, name: string, errors: readonly FieldError[]): ApiError {
  const reported = errors.length > mostErrors ? errors.slice(0, mostErrors) : errors
  const texts = [...new Set(reported.map((error) => `${error.field}: ${error.message}`))]
  if (reported !== errors) texts.push(`and ${errors.length - reported.length} more`)
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return failure(422, 'Invalid', `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${text ?? ''}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    kind,
    causes: reported.map(({ type, message, field }) => ({ reason: type, message, field })),
  })
}

/** Limit of reported errors: a completely invalid object would produce megabytes. */
export const mostErrors = 1_000

function quote(value: unknown): string {
  const text = value === undefined ? 'null' : JSON.stringify(value)
  return text.length > longestQuoted ? `${text.slice(0, longestQuoted)}…` : text
}

/** Number of characters of an invalid value that the message repeats. */
const longestQuoted = 16 * 1024

/** A check that could not be made. */
export const fieldInternal = (field: string, why: string): FieldError => ({
  type: 'InternalError',
  field,
  message: `Internal error: ${why}`,
})

/** The most common validation errors, with the texts of apimachinery's `field` package. */
export const fieldRequired = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  message: `Required value${detail ? `: ${detail}` : ''}`,
})
export const fieldInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: invalidMessage(quote(value), detail),
  ...(typeof value === 'object' && value !== null ? { invalid: { value, detail } } : {}),
})

/** @param value as it is printed */
export const invalidMessage = (value: string, detail: string): string =>
  `Invalid value: ${value}${detail ? `: ${detail}` : ''}`

/** @param supported in the order of Kubernetes' message, which is alphabetical as a rule */
export const fieldNotSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => {
  const detail = `supported values: ${supported.map(quote).join(', ')}`
  return {
    type: 'FieldValueNotSupported',
    field,
    message: unsupportedMessage(quote(value), detail),
    ...(typeof value === 'object' && value !== null ? { invalid: { value, detail, unsupported: true } } : {}),
  }
}
/** @param value as it is printed */
export const unsupportedMessage = (value: string, detail: string): string => `Unsupported value: ${value}: ${detail}`

export const fieldForbidden = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
})
/** @param change as in FieldError */
export const forbiddenChange = (field: string, detail: string, change: FieldError['change']): FieldError => ({
  ...fieldForbidden(field, `${detail}\n`),
  ...(change ? { change } : {}),
})
export const fieldDuplicate = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${quote(value)}`,
})
export const fieldTooLong = (field: string, maxBytes: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`,
})
export const fieldTooMany = (field: string, count: number, most: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  message: `Too many: ${count}: must have at most ${most} ${most === 1 ? 'item' : 'items'}`,
})
export const fieldNotFound = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  message: `Not found: ${quote(value)}`,
})
