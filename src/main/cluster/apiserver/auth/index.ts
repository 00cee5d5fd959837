import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Store } from '../../store/store.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { Page } from '../api/route.ts'
import type { ActionHandler } from '../api/action.ts'
import { accessReviews } from './access-reviews.ts'
import { createAuthenticator } from './authenticator.ts'
import { createAuthorizer } from './authorizer.ts'
import { anyOf, staticToken } from './bearer-tokens.ts'
import { identityReviews } from './identity-reviews.ts'
import { createLegacyTokens, type LegacyTokens } from './legacy-tokens.ts'
import type { Pki } from './pki.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { createServiceAccountTokens, type ServiceAccountTokens } from './service-account-tokens.ts'
import { tokenPages } from './token-pages.ts'
import { tokenRequests } from './token-requests.ts'
import type { Authenticator } from '../api/access.ts'

/** Authentication and authorization of the API server. */
export interface Auth {
  authenticator: Authenticator
  authorizer: RbacAuthorizer
  serviceAccountTokens: ServiceAccountTokens
  /** The `resource` object for Secrets. */
  legacyTokens: LegacyTokens
  /** Serves the public keys of service account tokens (OpenID discovery). */
  pages: Page
  /** Handlers for the review kinds and `serviceaccounts/token`. */
  actions: ActionHandler[]
  stop: Stop
}

export interface AuthOptions {
  pki: Pick<Pki, 'serviceAccounts' | 'adminToken'>
  store: Store
  reader: ObjectReader
  clock: Clock
}

export function createAuth({ pki, store, reader, clock }: AuthOptions): Auth {
  const authorizer = createAuthorizer({ store, reader })
  const serviceAccountTokens = createServiceAccountTokens({ ...pki.serviceAccounts, reader, clock })
  const legacyTokens = createLegacyTokens({ ...pki.serviceAccounts, reader, clock })
  const admin = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
  const tokens = anyOf([staticToken(pki.adminToken, admin), serviceAccountTokens, legacyTokens])
  return {
    authenticator: createAuthenticator({ tokens, authorizer }),
    authorizer,
    serviceAccountTokens,
    legacyTokens,
    pages: tokenPages(serviceAccountTokens),
    actions: [
      ...accessReviews({ authorizer, rbac: authorizer }),
      ...identityReviews({ tokens, clock }),
      tokenRequests({ tokens: serviceAccountTokens }),
    ],
    stop: authorizer.stop,
  }
}
