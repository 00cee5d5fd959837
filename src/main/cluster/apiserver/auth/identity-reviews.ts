import type { Clock } from '#shared/base/clock.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { SelfSubjectReview, TokenReview, UserInfo as WireUser } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { badRequest } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ActionHandler } from '../api/action.ts'
import type { TokenVerifier } from './bearer-tokens.ts'
import { issuer } from './service-account-tokens.ts'
import type { UserInfo } from '../api/access.ts'

const group = 'authentication.k8s.io'

/** Identity reviews: `kubectl auth whoami` and delegated authentication. */
export function identityReviews(options: { tokens: TokenVerifier; clock: Clock }): ActionHandler[] {
  return [
    {
      group,
      resource: 'selfsubjectreviews',
      subresource: '',
      create: ({ user }): SelfSubjectReview & KubeObject => ({
        apiVersion: `${group}/v1`,
        kind: 'SelfSubjectReview',
        metadata: { creationTimestamp: timestamp(options.clock.now()) },
        status: { userInfo: wireUser(user) },
      }),
    },
    {
      group,
      resource: 'tokenreviews',
      subresource: '',
      create: async ({ body }) => reviewToken(options.tokens, body as TokenReview),
    },
  ]
}

async function reviewToken(tokens: TokenVerifier, review: TokenReview): Promise<KubeObject> {
  const { token, audiences } = (review.spec ?? {}) as Partial<TokenReview['spec']>
  if (!token) throw badRequest('token is required for TokenReview in authentication')
  const status = await tokenStatus(tokens, token, audiences?.length ? audiences : [issuer])
  return Object.assign(review, { apiVersion: `${group}/v1`, kind: 'TokenReview', status })
}

async function tokenStatus(
  tokens: TokenVerifier,
  token: string,
  wanted: readonly string[],
): Promise<NonNullable<TokenReview['status']>> {
  try {
    const verified = await tokens.verify(token, wanted)
    if (!verified) return { user: {}, error: 'invalid bearer token' }
    return { authenticated: true, user: wireUser(verified.user), audiences: [...verified.audiences] }
  } catch (error) {
    return { user: {}, error: `[invalid bearer token, ${messageOf(error)}]` }
  }
}

const wireUser = ({ name, uid, groups, extra }: UserInfo): WireUser => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups: [...groups],
  ...(extra ? { extra: extra as Record<string, string[]> } : {}),
})
