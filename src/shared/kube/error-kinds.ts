import { ApiError } from './status.ts'

/** Tests for the kinds of errors that callers handle. */
export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'Conflict'

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404

/** For `.catch`: an object that does not exist is undefined; everything else is thrown on. */
export function undefinedIfMissing(error: unknown): undefined {
  if (isNotFound(error)) return undefined
  throw error
}

export const isForbidden = (error: unknown): boolean => error instanceof ApiError && error.code === 403

export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === 'AlreadyExists'

/** The uid of a patch or precondition does not match: the object was replaced by another one of the same name. */
export const isAnotherObject = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 422 || error.code === 409) && /uid/i.test(error.message)

/** A creation refused because its namespace is being deleted; controllers do not retry it. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.code === 403 &&
  (error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ??
    /being terminated/.test(error.message))
