import type { IncomingMessage } from 'node:http'
import { decodeJwt } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { objectReader } from '#test/support/object-reader.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { ActionRequest } from '../api/action.ts'
import { accessReviews } from './access-reviews.ts'
import { createAuthenticator } from './authenticator.ts'
import { anyOf, staticToken } from './bearer-tokens.ts'
import { createSigningKey, publicKeyOf } from './certificates.ts'
import { identityReviews } from './identity-reviews.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { createServiceAccountTokens, issuer, type ServiceAccountTokens } from './service-account-tokens.ts'
import { tokenRequests } from './token-requests.ts'
import type { AuthorizationAttributes, UserInfo } from '../api/access.ts'

let privateKey: string
beforeAll(async () => {
  privateKey = await createSigningKey()
})

/** Objects by `<plural>/<namespace>/<name>`. */
let objects: Map<string, KubeObject>
let now: number
let tokens: ServiceAccountTokens

const reader = objectReader(() => objects)
const clock = { now: () => now, after: () => () => undefined }

beforeEach(() => {
  now = Date.UTC(2026, 0, 1)
  objects = new Map<string, KubeObject>([
    ['serviceaccounts/dev/ci', { metadata: { name: 'ci', namespace: 'dev', uid: 'sa-1' } }],
    ['nodes//worker-1', { metadata: { name: 'worker-1', uid: 'node-1' } }],
    [
      'pods/dev/web',
      {
        metadata: { name: 'web', namespace: 'dev', uid: 'pod-1' },
        spec: { serviceAccountName: 'ci', nodeName: 'worker-1' },
      } as KubeObject,
    ],
  ])
  tokens = createServiceAccountTokens({ privateKey, publicKey: publicKeyOf(privateKey), reader, clock })
})

const serviceAccount = { namespace: 'dev', name: 'ci', uid: 'sa-1' }
const pod = { kind: 'Pod', name: 'web', uid: 'pod-1' } as const
const issue = async (over: object = {}): Promise<string> =>
  (await tokens.issue({ serviceAccount, audiences: [issuer], expirationSeconds: 3600, ...over })).token

describe('service account tokens', () => {
  it('identify the account, its groups and the bound object', async () => {
    const verified = await tokens.verify(await issue({ bound: pod, node: { name: 'worker-1', uid: 'node-1' } }))
    expect(verified?.user).toMatchObject({
      name: 'system:serviceaccount:dev:ci',
      uid: 'sa-1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:dev', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/pod-name': ['web'],
        'authentication.kubernetes.io/pod-uid': ['pod-1'],
        'authentication.kubernetes.io/node-name': ['worker-1'],
      },
    })
  })

  it('expire', async () => {
    const token = await issue()
    expect(await tokens.verify(token)).toBeDefined()
    now += 3_601_000
    await expect(tokens.verify(token)).rejects.toThrow('expired')
  })

  it('become invalid when the account is deleted, even if another one has the same name', async () => {
    const token = await issue()
    await tokens.verify(token)
    objects.set('serviceaccounts/dev/ci', { metadata: { name: 'ci', namespace: 'dev', uid: 'sa-2' } })
    await expect(tokens.verify(token)).rejects.toThrow('invalidated')
  })

  it('become invalid after the bound pod is deleted and its grace period is over', async () => {
    const token = await issue({ bound: pod })
    const terminating = { metadata: { uid: 'pod-1', deletionTimestamp: new Date(now).toISOString() } }
    objects.set('pods/dev/web', terminating)
    expect(await tokens.verify(token)).toBeDefined()
    now += 61_000
    await expect(tokens.verify(token)).rejects.toThrow('invalidated')
    objects.delete('pods/dev/web')
    now -= 61_000
    await expect(tokens.verify(token)).rejects.toThrow('invalidated')
  })

  it('are valid for their audience only', async () => {
    const token = await issue({ audiences: ['vault'] })
    await expect(tokens.verify(token)).rejects.toThrow('audiences')
    expect((await tokens.verify(token, ['vault', 'other']))?.audiences).toEqual(['vault'])
  })

  it('cannot be forged', async () => {
    const [head = '', , signature = ''] = (await issue()).split('.')
    const claims = { ...decodeJwt(await issue()), sub: 'system:serviceaccount:kube-system:root' }
    const forged = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
    await expect(tokens.verify(forged)).rejects.toThrow()
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged.split('.')[1] ?? ''}.`
    await expect(tokens.verify(unsigned)).rejects.toThrow()
    expect(await tokens.verify('not-a-jwt')).toBeUndefined()
  })

  it('of projected volumes are extended to one year, for clients that never reload them', async () => {
    const { token, expires } = await tokens.issue({
      serviceAccount,
      audiences: [issuer],
      expirationSeconds: 3607,
      bound: pod,
    })
    expect(expires).toBe(now + 3_607_000)
    expect(decodeJwt(token).exp).toBe(now / 1000 + 365 * 24 * 3600)
  })
})

describe('a token request', () => {
  const request = (spec: object, name = 'ci'): Promise<KubeObject> =>
    Promise.resolve(
      tokenRequests({ tokens }).create({
        namespace: 'dev',
        name,
        body: { metadata: {}, spec } as KubeObject,
        object: objects.get(`serviceaccounts/dev/${name}`),
        reader,
      } as unknown as ActionRequest),
    )

  it('returns the token and its expiration', async () => {
    const answer = (await request({ expirationSeconds: 600 })) as KubeObject & { status: Record<string, string> }
    expect(answer.status.expirationTimestamp).toBe('2026-01-01T00:10:00Z')
    expect(await tokens.verify(answer.status.token ?? '')).toBeDefined()
  })

  it('binds to a pod and its node', async () => {
    const answer = (await request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web' } })) as KubeObject & {
      status: Record<string, string>
    }
    const claims = decodeJwt(answer.status.token ?? '')['kubernetes.io'] as Record<string, unknown>
    expect(claims).toMatchObject({ pod: { name: 'web', uid: 'pod-1' }, node: { name: 'worker-1', uid: 'node-1' } })
  })

  it.each([
    [{ expirationSeconds: 10 }, 'may not specify a duration less than 10 minutes'],
    [{ boundObjectRef: { kind: 'Pod', name: 'gone' } }, 'pods "gone" not found'],
    [{ boundObjectRef: { kind: 'Pod', name: 'web', uid: 'other' } }, 'does not match the UID in record'],
    [{ boundObjectRef: { kind: 'ConfigMap', name: 'x' } }, 'cannot bind token'],
  ])('refuses %j', async (spec, message) => {
    await expect(request(spec)).rejects.toThrow(message)
  })

  it('refuses a pod of another account', async () => {
    objects.set('serviceaccounts/dev/other', { metadata: { name: 'other', uid: 'sa-9' } })
    await expect(request({ boundObjectRef: { kind: 'Pod', name: 'web' } }, 'other')).rejects.toThrow(
      'different serviceaccount name',
    )
  })
})

/** Lets `root` do everything, nobody else anything. */
const authorizer = {
  authorize: ({ user }: AuthorizationAttributes) => ({ allowed: user.name === 'root' }),
  rulesOf: () => [
    { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
    { verbs: ['get'], nonResourceURLs: ['/healthz'] },
  ],
} as unknown as RbacAuthorizer

describe('the authenticator', () => {
  const root: UserInfo = { name: 'root', groups: ['system:authenticated'] }
  const ask = async (headers: Record<string, string>): Promise<UserInfo | undefined> => {
    const verifier = anyOf([staticToken('secret', root), staticToken('weak', { name: 'weak', groups: [] }), tokens])
    const distinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.split(', ')]))
    const message = { headers, headersDistinct: distinct, socket: {} } as unknown as IncomingMessage
    return createAuthenticator({ tokens: verifier, authorizer }).authenticate(message)
  }

  it('accepts static and service account tokens, rejects other tokens, and treats requests without one as anonymous', async () => {
    expect((await ask({ authorization: 'Bearer secret' }))?.name).toBe('root')
    expect((await ask({ authorization: `Bearer ${await issue()}` }))?.name).toBe('system:serviceaccount:dev:ci')
    await expect(ask({ authorization: 'Bearer wrong' })).rejects.toThrow('Unauthorized')
    expect(await ask({})).toBeUndefined()
  })

  it('takes a token from the subprotocol of a WebSocket', async () => {
    const carrier = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`
    const headers = { upgrade: 'websocket', 'sec-websocket-protocol': `${carrier}, v5.channel.k8s.io` }
    expect((await ask(headers))?.name).toBe('root')
  })

  it('lets users with the right to impersonate act as another user', async () => {
    const headers = { authorization: 'Bearer secret', 'impersonate-user': 'alice', 'impersonate-group': 'dev, ops' }
    expect(await ask(headers)).toMatchObject({
      name: 'alice',
      groups: ['dev', 'ops', 'system:authenticated'],
      impersonator: { name: 'root' },
    })
    await expect(ask({ ...headers, authorization: 'Bearer weak' })).rejects.toThrow(
      'User "weak" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
  })
})

describe('reviews', () => {
  const review = async (resource: string, spec: object, over: Partial<ActionRequest> = {}) => {
    const handlers = [...accessReviews({ authorizer, rbac: authorizer }), ...identityReviews({ tokens, clock })]
    const body = { metadata: {}, spec } as KubeObject
    const user: UserInfo = { name: 'root', groups: ['g'] }
    const handler = handlers.find((candidate) => candidate.resource === resource)
    return (await handler?.create({
      body,
      user,
      namespace: '',
      name: '',
      reader,
      ...over,
    } as ActionRequest)) as KubeObject & {
      status: Record<string, unknown>
    }
  }
  const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'dev' }

  it('answer for the own user and for others', async () => {
    expect((await review('selfsubjectaccessreviews', { resourceAttributes })).status).toEqual({ allowed: true })
    expect((await review('subjectaccessreviews', { resourceAttributes, user: 'bob' })).status).toEqual({
      allowed: false,
    })
  })

  it('reject invalid requests', async () => {
    await expect(review('selfsubjectaccessreviews', {})).rejects.toMatchObject({ code: 422 })
    await expect(review('subjectaccessreviews', { resourceAttributes })).rejects.toThrow(
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    )
    await expect(
      review('localsubjectaccessreviews', { resourceAttributes, user: 'bob' }, { namespace: 'prod' }),
    ).rejects.toThrow('spec.resourceAttributes.namespace: Invalid value: "dev": must match metadata.namespace')
    const fieldSelector = { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'Exists' }] }
    await expect(
      review('selfsubjectaccessreviews', { resourceAttributes: { ...resourceAttributes, fieldSelector } }),
    ).rejects.toThrow('rawSelector: Invalid value: "a=b": may not specified at the same time as requirements')
    const body = { metadata: { name: 'x' }, spec: { resourceAttributes } } as KubeObject
    await expect(review('selfsubjectaccessreviews', {}, { body })).rejects.toThrow('metadata: Invalid value')
    await expect(review('tokenreviews', {})).rejects.toMatchObject({ code: 400 })
  })

  it('take a namespace and empty metadata, as typed clients send them', async () => {
    const metadata = { namespace: 'dev', creationTimestamp: null }
    const body = { metadata, spec: { resourceAttributes, user: 'bob' } } as unknown as KubeObject
    for (const resource of ['subjectaccessreviews', 'localsubjectaccessreviews'])
      expect((await review(resource, {}, { body, namespace: 'dev' })).status, resource).toEqual({ allowed: false })
  })

  it('list the rules of a user', async () => {
    expect((await review('selfsubjectrulesreviews', { namespace: 'dev' })).status).toEqual({
      resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }],
      incomplete: false,
    })
  })

  it('return the user of a token, or why it is invalid', async () => {
    expect((await review('tokenreviews', { token: await issue() })).status).toMatchObject({
      authenticated: true,
      audiences: [issuer],
      user: { username: 'system:serviceaccount:dev:ci' },
    })
    const token = await issue()
    objects.clear()
    const { status } = await review('tokenreviews', { token })
    expect(status).toEqual({ user: {}, error: '[invalid bearer token, service account token has been invalidated]' })
  })

  it('return the requesting user', async () => {
    expect((await review('selfsubjectreviews', {})).status).toEqual({ userInfo: { username: 'root', groups: ['g'] } })
  })
})
