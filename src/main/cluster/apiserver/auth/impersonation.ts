import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { badRequest, unauthorized } from '#shared/kube/status.ts'
import { forbiddenRequest } from './forbidden.ts'
import type { Authenticator, Authorizer, ResourceAttributes, UserInfo } from '../api/access.ts'

/**
 * Lets a user who may `impersonate` act as somebody else by `Impersonate-User`, `-Group`, `-Uid` and `-Extra-…` headers
 * (`kubectl --as`).
 */
export function impersonation(options: { authenticator: Authenticator; authorizer: Authorizer }): Authenticator {
  const { authenticator, authorizer } = options
  return {
    authenticate(request) {
      const real = authenticator.authenticate(request)
      return isAsked(request) ? impersonate(request, authorizer, real) : real
    },
  }
}

const isAsked = ({ headers }: IncomingMessage): boolean =>
  headers['impersonate-user'] !== undefined ||
  headers['impersonate-group'] !== undefined ||
  headers['impersonate-uid'] !== undefined

async function impersonate(
  { headers, headersDistinct }: IncomingMessage,
  authorizer: Authorizer,
  real: ReturnType<Authenticator['authenticate']>,
): Promise<UserInfo> {
  const user = await real
  if (!user) throw unauthorized()
  const name = headers['impersonate-user']
  if (typeof name !== 'string' || name === '')
    throw badRequest('requested impersonation of groups or uid without impersonating a user')
  const groups = headersDistinct['impersonate-group'] ?? []
  const uid = headers['impersonate-uid']
  const extra = extraOf(headers)
  await Promise.all([
    requireAccess(authorizer, user, ...nameTarget(name)),
    ...groups.map((group) => requireAccess(authorizer, user, 'groups', '', '', group)),
    ...(typeof uid === 'string' ? [requireAccess(authorizer, user, 'uids', 'authentication.k8s.io', '', uid)] : []),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => requireAccess(authorizer, user, 'userextras', 'authentication.k8s.io', '', value, key)),
    ),
  ])
  return {
    name,
    ...(typeof uid === 'string' ? { uid } : {}),
    groups: withImplied(name, groups),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
    impersonator: user,
  }
}

type Target = [resource: string, group: string, namespace: string, name: string]

function nameTarget(name: string): Target {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? []
  return namespace !== undefined && account !== undefined
    ? ['serviceaccounts', '', namespace, account]
    : ['users', '', '', name]
}

/** @throws ApiError 403 */
async function requireAccess(
  authorizer: Authorizer,
  user: UserInfo,
  resource: string,
  group: string,
  namespace: string,
  name: string,
  subresource = '',
): Promise<void> {
  const attributes: ResourceAttributes = {
    user,
    resourceRequest: true,
    verb: 'impersonate',
    group,
    version: 'v1',
    resource,
    subresource,
    namespace,
    name,
  }
  const { allowed, reason } = await authorizer.authorize(attributes)
  if (!allowed) throw forbiddenRequest(attributes, reason)
}

function extraOf(headers: IncomingHttpHeaders): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith('impersonate-extra-') || value === undefined) continue
    const key = decodeURIComponent(header.slice('impersonate-extra-'.length))
    extra[key] = typeof value === 'string' ? value.split(', ') : value
  }
  return extra
}

/** Groups that follow from the name alone. */
function withImplied(name: string, groups: readonly string[]): string[] {
  if (name === 'system:anonymous') return [...groups, 'system:unauthenticated']
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? []
  const implied =
    namespace !== undefined && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : []
  return [...new Set([...groups, ...implied, 'system:authenticated'])]
}
