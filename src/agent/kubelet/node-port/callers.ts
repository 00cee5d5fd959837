import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket, type PeerCertificate } from 'node:tls'
import type { Clock } from '#shared/base/clock.ts'
import type { Client } from '#shared/client/client.ts'
import { subjectAccessReviews, tokenReviews } from '#shared/kube/resources.ts'
import { reviewTimes } from '../configuration.ts'
import type { Access } from './access.ts'
import { createReviewCache } from './review-cache.ts'

export interface Caller {
  name: string
  uid?: string
  groups: readonly string[]
  extra?: Readonly<Record<string, string[]>>
}

/** Who calls the kubelet's port and what they may: decided by the API server, as with a kubelet's webhook mode. */
export interface Callers {
  /** @returns undefined for nobody @throws Error when the API server does not answer */
  authenticate(request: IncomingMessage): Promise<Caller | undefined>
  /** @throws Error when the API server does not answer */
  isAllowed(caller: Caller, access: Access): Promise<boolean>
}

export function createCallers({
  client,
  clock,
  nodeName,
}: {
  client: Pick<Client, 'create'>
  clock: Clock
  nodeName: string
}): Callers {
  const tokens = createReviewCache<Caller | undefined>({ clock, ttl: () => reviewTimes.authenticated })
  const decisions = createReviewCache<boolean>({
    clock,
    ttl: (isAllowed) => (isAllowed ? reviewTimes.allowed : reviewTimes.denied),
  })

  const reviewToken = async (token: string): Promise<Caller | undefined> => {
    const { status } = await client.create(tokenReviews, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec: { token },
    })
    const { username = '', uid, groups = [], extra } = status?.user ?? {}
    if (!status?.authenticated || username === '') return undefined
    return { name: username, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) }
  }
  const reviewAccess = async ({ name, uid, groups, extra }: Caller, verb: string, subresource: string) => {
    const { status } = await client.create(subjectAccessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: name,
        groups: [...groups],
        ...(uid ? { uid } : {}),
        ...(extra ? { extra: { ...extra } } : {}),
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
      },
    })
    return status?.allowed === true
  }

  return {
    async authenticate(request) {
      const certified = certifiedCaller(request.socket, clock.now())
      if (certified) return certified
      const token = bearerToken(request)
      // Tokens are kept as hashes only.
      return token === undefined
        ? undefined
        : tokens.get(createHash('sha256').update(token).digest('base64'), () => reviewToken(token))
    },
    async isAllowed(caller, { verb, subresources }) {
      if (verb === '') return false
      for (const subresource of subresources) {
        const key = JSON.stringify([caller, verb, subresource])
        if (await decisions.get(key, () => reviewAccess(caller, verb, subresource))) return true
      }
      return false
    },
  }
}

function bearerToken({ headers }: IncomingMessage): string | undefined {
  const [, token] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
  return token
}

/** By a client certificate of the cluster's authority: CN is the name, every O a group. */
function certifiedCaller(socket: IncomingMessage['socket'], now: number): Caller | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  // Without a client certificate Node returns an empty object or null, whatever its types say.
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | null
  const [name] = textsOf(certificate?.subject?.CN)
  if (!certificate?.subject || name === undefined || Date.parse(certificate.valid_to ?? '') < now) return undefined
  return { name, groups: [...textsOf(certificate.subject.O), 'system:authenticated'] }
}

const textsOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value
