import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { unauthorized } from '#shared/kube/status.ts'
import type { Authenticator, UserInfo } from '../api/access.ts'

/** Verifies one kind of token. */
export interface TokenVerifier {
  /**
   * @param audiences of which the token must be meant for at least one; the API server's own when unset
   * @returns undefined when the token is of another kind. @throws Error with the reason when it is invalid
   */
  verify(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined> | VerifiedToken | undefined
}

export interface VerifiedToken {
  user: UserInfo
  /** The requested audiences that the token is meant for. */
  audiences: readonly string[]
}

/** Authenticates by `Authorization: Bearer`, and by WebSocket subprotocol for browsers, which cannot set headers. */
export const bearerTokens = (verifier: TokenVerifier): Authenticator => ({
  authenticate(request) {
    const token = bearerToken(request)
    return token === undefined ? undefined : verified(verifier, token)
  },
})

/** @throws ApiError 401 without the reason, which is not disclosed to the sender */
function verified(verifier: TokenVerifier, token: string): UserInfo | Promise<UserInfo> {
  const refuse = (): never => {
    throw unauthorized()
  }
  const userOf = (result: VerifiedToken | undefined): UserInfo => result?.user ?? refuse()
  const result = verifier.verify(token)
  return result instanceof Promise ? result.then(userOf, refuse) : userOf(result)
}

/** Prefix of the WebSocket subprotocol that carries a token. */
export const tokenProtocolPrefix = 'base64url.bearer.authorization.k8s.io.'

function bearerToken({ headers }: IncomingMessage): string | undefined {
  const header = headers.authorization
  if (header !== undefined) return /^bearer +(\S+) *$/i.exec(header)?.[1]
  if (headers.upgrade === undefined) return undefined
  const protocols = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim()) ?? []
  const carrier = protocols.find((protocol) => protocol.startsWith(tokenProtocolPrefix))
  return carrier && Buffer.from(carrier.slice(tokenProtocolPrefix.length), 'base64url').toString()
}

/** Asks several verifiers in turn; a synchronous answer is not awaited. */
export const anyOf = ([first, ...others]: readonly TokenVerifier[]): TokenVerifier => ({
  verify(token, audiences) {
    const result = first?.verify(token, audiences)
    if (others.length === 0) return result
    const next = (own: VerifiedToken | undefined): ReturnType<TokenVerifier['verify']> =>
      own ?? anyOf(others).verify(token, audiences)
    return result instanceof Promise ? result.then(next) : next(result)
  },
})

/** A fixed token of one user. The comparison takes constant time, which shows no more than the token's length. */
export function staticToken(token: string, user: UserInfo): TokenVerifier {
  const wanted = Buffer.from(token)
  return {
    verify(candidate, audiences = []) {
      const given = Buffer.from(candidate)
      return given.length === wanted.length && timingSafeEqual(given, wanted) ? { user, audiences } : undefined
    },
  }
}
