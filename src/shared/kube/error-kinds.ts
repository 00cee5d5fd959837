import { ApiError } from './status.ts'

/** What callers ask of an error before deciding what to do about it. */
export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'Conflict'

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404

export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === 'AlreadyExists'

/** The uid of a patch or a precondition is not that of the object: another one lives under the name by now. */
export const isAnotherObject = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 422 || error.code === 409) && /uid/i.test(error.message)

/** A creation refused because its namespace is being deleted: no trouble, just too late. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.code === 403 &&
  (error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ??
    /being terminated/.test(error.message))

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
