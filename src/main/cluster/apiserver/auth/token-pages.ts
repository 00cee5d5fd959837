import type { Page } from '../api/route.ts'
import type { ServiceAccountTokens } from './service-account-tokens.ts'

/** OpenID discovery: how others verify service account tokens. */
export const tokenPages =
  (tokens: ServiceAccountTokens): Page =>
  ({ path, method }) => {
    if (method !== 'GET') return undefined
    if (path === '/.well-known/openid-configuration') return json('application/json', tokens.openIdConfiguration())
    if (path === '/openid/v1/jwks') return json('application/jwk-set+json', tokens.keySet())
    return undefined
  }

const json = (contentType: string, value: unknown): ReturnType<Page> => ({
  type: 'bytes',
  code: 200,
  contentType,
  body: JSON.stringify(value),
})
