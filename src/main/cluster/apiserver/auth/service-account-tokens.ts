import { createHash, createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '#shared/base/clock.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { nodes, pods, secrets, serviceAccounts } from '#shared/kube/resources.ts'
import type { ObjectReader, ResourceKey } from '../api/reader.ts'
import type { TokenVerifier, VerifiedToken } from './bearer-tokens.ts'
import type { UserInfo } from '../api/access.ts'
import { serviceAccountUser } from './users.ts'

export const issuer = 'https://kubernetes.default.svc.cluster.local'

/** The object that a token is bound to; the token becomes invalid when it is deleted. */
export interface BoundObject {
  kind: 'Pod' | 'Secret' | 'Node'
  name: string
  uid: string
}

export interface TokenOptions {
  serviceAccount: { namespace: string; name: string; uid: string }
  audiences: readonly string[]
  expirationSeconds: number
  bound?: BoundObject
  /** For a token bound to a pod: the node that the pod runs on. */
  node?: { name: string; uid: string }
}

/** Issues and verifies service account tokens. */
export interface ServiceAccountTokens extends TokenVerifier {
  issue(options: TokenOptions): Promise<{ token: string; expires: number }>
  /** `/.well-known/openid-configuration` */
  openIdConfiguration(): unknown
  /** `/openid/v1/jwks` */
  keySet(): unknown
}

export interface ServiceAccountTokensOptions {
  /** PEM, P-256. */
  privateKey: string
  publicKey: string
  /** Looks up service accounts and the objects that tokens are bound to. */
  reader: ObjectReader
  clock: Clock
}

/** Private claims beside the registered ones. */
interface KubernetesClaims {
  namespace: string
  serviceaccount: ObjectClaim
  pod?: ObjectClaim
  secret?: ObjectClaim
  node?: ObjectClaim
  /** Time after which a client should have fetched a newer token. */
  warnafter?: number
}

interface ObjectClaim {
  name: string
  uid: string
}

/** A token whose signature is valid. Whether it still holds is checked on every request. */
interface SignedToken {
  audiences: readonly string[]
  expires: number
  claims: KubernetesClaims
  user: UserInfo
}

const year = 365 * 24 * 3600
/**
 * The lifetime of the token that every pod gets. Clients older than token rotation never reload it, so Kubernetes
 * issues it for a year (`--service-account-extend-token-expiration`) while telling the kubelet to renew it within the
 * hour.
 */
const projectedLifetime = 3607
/** How long the token of a deleted pod stays valid while the pod shuts down. */
const deletionGrace = 60_000

export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { reader, clock } = options
  const publicKey = createPublicKey(options.publicKey)
  const keyId = keyIdOf(publicKey)
  const checked = new LRUCache<string, SignedToken>({ max: 4096 })

  async function signedToken(token: string): Promise<SignedToken | undefined> {
    const known = checked.get(token)
    if (known) return known
    const { decodeJwt, jwtVerify } = await import('jose')
    if (!isOurs(token, decodeJwt)) return undefined
    const { payload } = await jwtVerify(token, publicKey, {
      issuer,
      algorithms: ['ES256'],
      currentDate: new Date(clock.now()),
    })
    const signed = readClaims(payload)
    checked.set(token, signed)
    return signed
  }

  return {
    async issue(order) {
      const { SignJWT } = await import('jose')
      const now = Math.floor(clock.now() / 1000)
      const isProjected =
        order.expirationSeconds === projectedLifetime && order.bound?.kind === 'Pod' && order.audiences.includes(issuer)
      const token = await new SignJWT({
        'kubernetes.io': claimsOf(order, isProjected ? now + projectedLifetime : undefined),
      })
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .setAudience([...order.audiences])
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${order.serviceAccount.namespace}:${order.serviceAccount.name}`)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + (isProjected ? year : order.expirationSeconds))
        .setJti(randomUUID())
        .sign(createPrivateKey(options.privateKey))
      return { token, expires: (now + order.expirationSeconds) * 1000 }
    },
    async verify(token, audiences = [issuer]) {
      const signed = await signedToken(token)
      return signed && holding(signed, audiences, reader, clock.now())
    },
    openIdConfiguration: () => ({
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    }),
    keySet: () => ({ keys: [{ use: 'sig', ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'ES256' }] }),
  }
}

/** The key ID that a token names in its header. */
export const keyIdOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')

function isOurs(token: string, decode: (token: string) => JWTPayload): boolean {
  try {
    return decode(token).iss === issuer
  } catch {
    return false
  }
}

function claimsOf({ serviceAccount, bound, node }: TokenOptions, warnAfter: number | undefined): KubernetesClaims {
  const { namespace, name, uid } = serviceAccount
  const claims: KubernetesClaims = { namespace, serviceaccount: { name, uid } }
  if (bound?.kind === 'Pod') claims.pod = { name: bound.name, uid: bound.uid }
  if (bound?.kind === 'Secret') claims.secret = { name: bound.name, uid: bound.uid }
  if (bound?.kind === 'Node') claims.node = { name: bound.name, uid: bound.uid }
  if (node) claims.node = node
  if (warnAfter !== undefined) claims.warnafter = warnAfter
  return claims
}

/** @throws Error when the token was not issued here */
function readClaims(payload: JWTPayload): SignedToken {
  const claims = payload['kubernetes.io'] as KubernetesClaims | undefined
  if (!claims?.serviceaccount || payload.exp === undefined) throw new Error('not a service account token')
  const { namespace, serviceaccount, pod, node } = claims
  const user = serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid)
  const extra: Record<string, string[]> = {}
  if (payload.jti) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${payload.jti}`]
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name]
    extra['authentication.kubernetes.io/node-uid'] = [node.uid]
  }
  if (pod) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name]
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid]
  }
  return { audiences: [payload.aud ?? []].flat(), expires: payload.exp * 1000, claims, user: { ...user, extra } }
}

/** The user of a token that is valid now. @throws Error with the reason when it is not */
function holding(
  { audiences, expires, claims, user }: SignedToken,
  wanted: readonly string[],
  reader: ObjectReader,
  now: number,
): VerifiedToken {
  const matching = wanted.filter((audience) => audiences.includes(audience))
  if (matching.length === 0)
    throw new Error(`token audiences ${quoted(audiences)} is invalid for the target audiences ${quoted(wanted)}`)
  if (expires <= now) throw new Error('service account token has expired')
  const { namespace, serviceaccount, pod, secret, node } = claims
  checkAlive(reader, serviceAccounts, namespace, serviceaccount, now)
  if (secret) checkAlive(reader, secrets, namespace, secret, now)
  if (pod) checkAlive(reader, pods, namespace, pod, now)
  // A pod's Node may be deleted while its pods still run; only a token bound to the Node itself ends with it.
  if (node && !pod) checkAlive(reader, nodes, '', node, now)
  return { user, audiences: matching }
}

const quoted = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`

function checkAlive(
  reader: ObjectReader,
  resource: ResourceKey,
  namespace: string,
  claim: ObjectClaim,
  now: number,
): void {
  const object = reader.get(resource, namespace, claim.name)
  if (!object || object.metadata.uid !== claim.uid || isLongDeleted(object, now))
    throw new Error('service account token has been invalidated')
}

const isLongDeleted = ({ metadata }: KubeObject, now: number): boolean =>
  metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) + deletionGrace < now
