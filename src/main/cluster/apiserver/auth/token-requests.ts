import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { nodes } from '#shared/kube/resources.ts'
import { conflict, fieldInvalid, invalid, notFound, type FieldError } from '#shared/kube/status.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { ActionHandler, ActionRequest } from '../api/action.ts'
import { issuer, type BoundObject, type ServiceAccountTokens, type TokenOptions } from './service-account-tokens.ts'

interface TokenRequest extends KubeObject {
  spec?: {
    audiences?: string[] | null
    expirationSeconds?: number
    boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null
  }
  status?: { token: string; expirationTimestamp: string }
}

const body = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }
const defaultSeconds = 3600
const shortestSeconds = 600
const longestSeconds = 2 ** 32

/** `POST …/serviceaccounts/<name>/token`: issues a service account token, optionally bound to a pod, node or secret. */
export const tokenRequests = (options: { tokens: ServiceAccountTokens }): ActionHandler => ({
  group: '',
  resource: 'serviceaccounts',
  subresource: 'token',
  body,
  create: (request) => issueToken(options.tokens, request),
})

async function issueToken(tokens: ServiceAccountTokens, request: ActionRequest): Promise<KubeObject> {
  const { namespace, name, object: account } = request
  const wanted = request.body as TokenRequest
  const spec = {
    audiences: wanted.spec?.audiences?.length ? wanted.spec.audiences : [issuer],
    expirationSeconds: wanted.spec?.expirationSeconds ?? defaultSeconds,
    boundObjectRef: wanted.spec?.boundObjectRef ?? null,
  }
  refuse(name, lifetimeErrors(spec.expirationSeconds))
  const binding = spec.boundObjectRef ? findBound(request, spec.boundObjectRef) : {}
  const serviceAccount = { namespace, name, uid: account?.metadata.uid ?? '' }
  const { token, expires } = await tokens.issue({ serviceAccount, ...spec, ...binding })
  return {
    apiVersion: `${body.group}/${body.version}`,
    kind: body.kind,
    metadata: { name, namespace, creationTimestamp: timestamp(expires - spec.expirationSeconds * 1000) },
    spec,
    status: { token, expirationTimestamp: timestamp(expires) },
  } as KubeObject
}

function lifetimeErrors(seconds: number): FieldError[] {
  const refused = (detail: string): FieldError[] => [fieldInvalid('spec.expirationSeconds', seconds, detail)]
  if (seconds < shortestSeconds) return refused('may not specify a duration less than 10 minutes')
  if (seconds > longestSeconds) return refused('may not specify a duration larger than 2^32 seconds')
  return []
}

type Reference = NonNullable<NonNullable<TokenRequest['spec']>['boundObjectRef']>

/**
 * @throws ApiError 404, 409 or 422 when the object does not exist, has another uid, or is of a kind that cannot be
 * bound
 */
function findBound(request: ActionRequest, reference: Reference): Pick<TokenOptions, 'bound' | 'node'> {
  const { kind = '', name = '', uid } = reference
  const resource = bindable.get(kind)
  if (!resource || (reference.apiVersion ?? 'v1') !== 'v1')
    throw refusal(request.name, [
      fieldInvalid('spec.boundObjectRef.kind', kind, 'cannot bind token for serviceaccount to this type of object'),
    ])
  const namespace = kind === 'Node' ? '' : request.namespace
  const object = request.reader.get({ group: '', plural: resource }, namespace, name)
  if (!object) throw notFound({ group: '', resource }, name)
  const actual = object.metadata.uid
  if (uid && uid !== actual)
    throw conflict(
      { group: '', resource },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  const bound: BoundObject = { kind: kind as BoundObject['kind'], name, uid: actual }
  return kind === 'Pod' ? { bound, ...podNode(request, object) } : { bound }
}

const bindable = new Map([
  ['Pod', 'pods'],
  ['Secret', 'secrets'],
  ['Node', 'nodes'],
])

/** @throws ApiError 422 when the pod runs as another service account */
function podNode({ reader, name }: { reader: ObjectReader; name: string }, pod: Pod): Pick<TokenOptions, 'node'> {
  const { serviceAccountName, nodeName } = pod.spec ?? {}
  if (serviceAccountName !== name)
    throw refusal(name, [
      fieldInvalid(
        'spec.boundObjectRef.name',
        pod.metadata.name,
        `cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`,
      ),
    ])
  if (!nodeName) return {}
  const uid = reader.get(nodes, '', nodeName)?.metadata.uid
  return uid === undefined ? {} : { node: { name: nodeName, uid } }
}

/** @throws ApiError 422 */
function refuse(name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw refusal(name, errors)
}

const refusal = (name: string, errors: readonly FieldError[]): Error =>
  invalid('TokenRequest', body.group, name, errors)
