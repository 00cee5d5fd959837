import { badRequest, failure, type ApiError } from '#shared/kube/status.ts'

/** Position in a limited list: the snapshot and the last key returned. Opaque to clients. */
export interface ContinueToken {
  /** Revision of the snapshot; -1 = the newest (the remainder of an expired list, inconsistent). */
  revision: number
  /** Last key returned, below the list's prefix. */
  after: string
}

export const encodeContinue = ({ revision, after }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after })).toString('base64url')

/** @throws ApiError 400 */
export function decodeContinue(text: string): ContinueToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
    if (v === 'meta.k8s.io/v1' && typeof rv === 'number' && typeof start === 'string' && !start.includes('..'))
      return { revision: rv, after: start }
  } catch {
    // Not issued by this server: refused below.
  }
  throw badRequest('continue key is not valid: it was not issued by this server')
}

/** `410 Expired` with a token that fetches the remainder of the list from the newest state. */
export function continueExpired(after: string): ApiError {
  const error = failure(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  )
  error.status.metadata['continue'] = encodeContinue({ revision: -1, after })
  return error
}
