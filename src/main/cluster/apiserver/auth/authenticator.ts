import { bearerTokens, type TokenVerifier } from './bearer-tokens.ts'
import { clientCertificates } from './client-certificates.ts'
import { impersonation } from './impersonation.ts'
import type { Authenticator, Authorizer } from '../api/access.ts'

export interface AuthenticatorOptions {
  tokens: TokenVerifier
  /** Decides whether a user may impersonate another. */
  authorizer: Authorizer
}

/** Authenticates a request by client certificate, else by bearer token, then applies impersonation. */
export function createAuthenticator({ tokens, authorizer }: AuthenticatorOptions): Authenticator {
  const certificates = clientCertificates()
  const bearer = bearerTokens(tokens)
  return impersonation({
    authorizer,
    authenticator: { authenticate: (request) => certificates.authenticate(request) ?? bearer.authenticate(request) },
  })
}
