import { createPrivateKey, createPublicKey } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '#shared/base/clock.ts'
import { secrets, serviceAccounts } from '#shared/kube/resources.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { TokenVerifier } from './bearer-tokens.ts'
import { issuer as audience, keyIdOf } from './service-account-tokens.ts'
import { serviceAccountUser } from './users.ts'

const issuer = 'kubernetes/serviceaccount'
const prefix = 'kubernetes.io/serviceaccount/'

/** The account that a token is for, and the Secret that holds it. */
export interface LegacyToken {
  namespace: string
  account: { name: string; uid: string }
  secret: string
}

/** Tokens without expiration, held in Secrets of type `kubernetes.io/service-account-token`. */
export interface LegacyTokens extends TokenVerifier {
  issue(order: LegacyToken): Promise<string>
}

export function createLegacyTokens(options: {
  /** PEM, P-256. */
  privateKey: string
  publicKey: string
  reader: ObjectReader
  clock: Clock
}): LegacyTokens {
  const publicKey = createPublicKey(options.publicKey)
  const signed = new LRUCache<string, LegacyToken>({ max: 1024 })

  async function read(token: string): Promise<LegacyToken | undefined> {
    const known = signed.get(token)
    if (known) return known
    const { decodeJwt, jwtVerify } = await import('jose')
    try {
      if (decodeJwt(token).iss !== issuer) return undefined
    } catch {
      return undefined
    }
    const { payload } = await jwtVerify(token, publicKey, {
      issuer,
      algorithms: ['ES256'],
      currentDate: new Date(options.clock.now()),
    })
    const claim = (name: string): string => String(payload[`${prefix}${name}`])
    const found = {
      namespace: claim('namespace'),
      account: { name: claim('service-account.name'), uid: claim('service-account.uid') },
      secret: claim('secret.name'),
    }
    signed.set(token, found)
    return found
  }

  return {
    async issue({ namespace, account, secret }) {
      const { SignJWT } = await import('jose')
      return new SignJWT({
        [`${prefix}namespace`]: namespace,
        [`${prefix}secret.name`]: secret,
        [`${prefix}service-account.name`]: account.name,
        [`${prefix}service-account.uid`]: account.uid,
      })
        .setProtectedHeader({ alg: 'ES256', kid: keyIdOf(publicKey) })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${account.name}`)
        .sign(createPrivateKey(options.privateKey))
    },
    async verify(token, audiences = [audience]) {
      const found = await read(token)
      if (!found) return undefined
      // These tokens name no audience: they are valid for the API server's own audiences.
      if (!audiences.includes(audience)) throw new Error('token audiences do not match')
      checkAlive(options.reader, found, token)
      const { namespace, account } = found
      return { user: serviceAccountUser(namespace, account.name, account.uid), audiences: [audience] }
    },
  }
}

/** @throws Error when the Secret or the account is gone, or has another token or uid */
function checkAlive(reader: ObjectReader, { namespace, account, secret }: LegacyToken, token: string): void {
  const stored = reader.get(secrets, namespace, secret)
  if (!stored || stored.metadata.deletionTimestamp || stored.data?.['token'] !== Buffer.from(token).toString('base64'))
    throw new Error('Token has been invalidated')
  const owner = reader.get(serviceAccounts, namespace, account.name)
  if (!owner || owner.metadata.deletionTimestamp) throw new Error('ServiceAccount has been deleted')
  if (owner.metadata.uid !== account.uid) throw new Error('ServiceAccount UID does not match')
}
