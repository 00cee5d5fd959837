import { goJsonProblem } from '#shared/kube/go-json.ts'
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

/** @throws ApiError 400 in the words of Kubernetes (k8s.io/apiserver/pkg/storage/continue.go) */
export function decodeContinue(text: string): ContinueToken {
  // Keys are ASCII; what else a token holds is told byte by byte, as Go does.
  const { v, rv, start } = parse(Buffer.from(text, 'base64url').toString('latin1'))
  if (v !== 'meta.k8s.io/v1')
    throw invalidToken(`server does not recognize this encoded version ${JSON.stringify(v ?? '')}`)
  if (typeof rv !== 'number' || rv === 0) throw invalidToken(`incorrect encoded start resourceVersion (version ${v})`)
  if (typeof start !== 'string' || start === '') throw invalidToken(`encoded start key empty (version ${v})`)
  if (start.includes('..')) throw invalidToken(start)
  return { revision: rv, after: start }
}

function parse(text: string): Record<string, unknown> {
  try {
    const token: unknown = JSON.parse(text)
    if (typeof token === 'object' && token !== null) return token as Record<string, unknown>
  } catch {
    // Refused below.
  }
  throw invalidToken(goJsonProblem(text) ?? 'json: cannot unmarshal into Go value of type storage.continueToken')
}

const invalidToken = (why: string): ApiError => badRequest(`invalid continue token: continue key is not valid: ${why}`)

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
