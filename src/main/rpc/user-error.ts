import { ORPCError, ValidationError } from '@orpc/server'
import { messageOf } from '#shared/base/message-of.ts'

/**
 * What the caller is told of anything that a call throws: the contract's one error, with the reason. Without it, the reason stays
 * here and the user reads `Internal server error`; of an input that no schema takes, `Input validation failed`.
 */
export function userErrorOf(error: unknown): Error {
  if (error instanceof ORPCError) {
    const { cause, code, status, data } = error as ORPCError<string, unknown>
    if (!(cause instanceof ValidationError)) return error
    return new ORPCError(code, { status, data, cause, message: cause.issues.map(issueText).join('; ') })
  }
  const reason = messageOf(error)
  return new ORPCError('FAILED', { status: 422, message: reason, data: { reason }, cause: error })
}

interface Issue {
  message: string
  path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
  /** Of a union, the issues of each of its schemas. */
  errors?: readonly (readonly Issue[])[]
}

/** `name: lower-case letters, digits and dashes` */
function issueText(issue: Issue): string {
  const { path = [], message, errors = [] } = issue
  const nearest = errors.toSorted((one, other) => depthOf(other) - depthOf(one))[0]
  if (nearest) return nearest.map(issueText).join('; ')
  const field = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return field === '' ? message : `${field}: ${message}`
}

/** Of a union, the schema that was meant is the one whose issues are within. */
const depthOf = (issues: readonly Issue[]): number => Math.min(...issues.map(({ path = [] }) => path.length))
