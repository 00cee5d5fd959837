import { randomUUID } from 'node:crypto'
import { parseExact } from '#shared/kube/exact-json.ts'
import { failure, type ApiError, type Status } from '#shared/kube/status.ts'
import type { AdmissionAttributes } from '../api/admission.ts'

/** The request sent to webhooks: `admission.k8s.io` AdmissionReview. */
export interface AdmissionReview {
  apiVersion: string
  kind: 'AdmissionReview'
  request: AdmissionRequest
}

export interface AdmissionRequest {
  uid: string
  [field: string]: unknown
}

/** A webhook's validated response. */
export interface AdmissionResponse {
  allowed: boolean
  status: Partial<Status>
  /** RFC 6902 operations; undefined when the webhook changes nothing. */
  patch: unknown[] | undefined
  warnings: string[]
}

const connectOptions: Readonly<Record<string, string>> = {
  'pods/exec': 'PodExecOptions',
  'pods/attach': 'PodAttachOptions',
  'pods/portforward': 'PodPortForwardOptions',
  'pods/proxy': 'PodProxyOptions',
  'services/proxy': 'ServiceProxyOptions',
  'nodes/proxy': 'NodeProxyOptions',
}

/** The AdmissionRequest that webhooks and policies get. */
export function admissionRequest(attributes: AdmissionAttributes): AdmissionRequest {
  const { kind, operation, subresource, namespace, name, user, dryRun, options, oldObject } = attributes
  const object = operation === 'CONNECT' ? connectObject(attributes) : attributes.object
  const about = kindOf(attributes, object)
  const resource = { group: kind.group, version: kind.version, resource: kind.plural }
  return {
    uid: randomUUID(),
    kind: about,
    resource,
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: about,
    requestResource: resource,
    ...(subresource ? { requestSubResource: subresource } : {}),
    name: name || (object?.metadata?.name ?? ''),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    object: object ?? null,
    oldObject: oldObject && operation !== 'CONNECT' ? oldObject : null,
    dryRun,
    options:
      operation === 'CONNECT' ? null : { apiVersion: 'meta.k8s.io/v1', kind: optionKinds[operation], ...options },
  }
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const

interface Posted {
  apiVersion?: string
  kind?: string
  metadata?: { name?: string }
}

/** For CONNECT the options are sent as the object, as in Kubernetes. */
function connectObject({ kind, subresource, options }: AdmissionAttributes): Posted {
  return { ...options, kind: connectOptions[`${kind.plural}/${subresource}`] ?? '', apiVersion: 'v1' }
}

/** A subresource may have a kind of its own (Scale, Eviction, Binding, PodExecOptions). */
function kindOf({ kind }: AdmissionAttributes, object: Posted | undefined): Record<string, string> {
  if (!object?.kind || !object.apiVersion || object.kind === kind.kind)
    return { group: kind.group, version: kind.version, kind: kind.kind }
  const slash = object.apiVersion.indexOf('/')
  return {
    group: slash < 0 ? '' : object.apiVersion.slice(0, slash),
    version: object.apiVersion.slice(slash + 1),
    kind: object.kind,
  }
}

/** Parses and checks a response. @throws Error naming what is wrong with it */
export function parseReview(answer: unknown, asked: AdmissionReview): AdmissionResponse {
  const { apiVersion, kind, response } = (answer ?? {}) as Record<string, unknown>
  if (apiVersion !== asked.apiVersion || kind !== 'AdmissionReview')
    throw new Error(
      `received invalid webhook response: expected webhook response of ${asked.apiVersion}, Kind=AdmissionReview, got ${String(apiVersion)}, Kind=${String(kind)}`,
    )
  if (typeof response !== 'object' || response === null) throw new Error('webhook response was absent')
  const { uid, allowed, status, patch, patchType, warnings } = response as Record<string, unknown>
  if (uid !== asked.request.uid)
    throw new Error(
      `received invalid webhook response: expected response.uid=${JSON.stringify(asked.request.uid)}, got ${JSON.stringify(uid)}`,
    )
  if (patch !== undefined && patch !== null && patchType !== 'JSONPatch')
    throw new Error(`received invalid webhook response: unsupported patch type ${JSON.stringify(patchType ?? '')}`)
  return {
    allowed: allowed === true,
    status: typeof status === 'object' && status !== null ? status : {},
    patch: typeof patch === 'string' && patch !== '' ? decodePatch(patch) : undefined,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  }
}

function decodePatch(encoded: string): unknown[] {
  const operations: unknown = parseExact(Buffer.from(encoded, 'base64').toString())
  if (!Array.isArray(operations)) throw new Error('the patch is not a list of operations')
  return operations
}

/** The refusal that the client gets: always with a code of at least 400. */
export function deniedBy(webhook: string, { message, reason, code, details }: Partial<Status>): ApiError {
  const by = `admission webhook ${JSON.stringify(webhook)} denied the request`
  const why = message || reason
  return failure(
    code && code >= 400 ? code : 400,
    reason ?? '',
    why ? `${by}: ${why}` : `${by} without explanation`,
    details,
  )
}
