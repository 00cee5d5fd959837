import type { IncomingMessage } from 'node:http'
import { badRequest, unauthorized } from '#shared/kube/status.ts'
import { forbiddenRequest } from './forbidden.ts'
import type { Authenticator, Authorizer, ResourceAttributes, UserInfo } from '../api/access.ts'

/**
 * Lets a user with the right to `impersonate` act as another user by `Impersonate-User`, `-Group`, `-Uid` and
 * `-Extra-…` headers (`kubectl --as`).
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

const isAsked = ({ headers }: IncomingMessage): boolean => {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}

/** The user that the headers of a request ask for. */
interface Wanted {
  name: string
  uid: string | undefined
  groups: readonly string[]
  extra: Readonly<Record<string, readonly string[]>>
}

async function impersonate(
  request: IncomingMessage,
  authorizer: Authorizer,
  real: ReturnType<Authenticator['authenticate']>,
): Promise<UserInfo | undefined> {
  const user = await real
  const wanted = wantedBy(request)
  if (!wanted) return user
  if (!user) throw unauthorized()
  const { name, uid, groups, extra } = wanted
  await Promise.all([
    requireAccess(authorizer, user, ...nameTarget(name)),
    ...groups.map((group) => requireAccess(authorizer, user, 'groups', '', '', group)),
    ...(uid === undefined ? [] : [requireAccess(authorizer, user, 'uids', 'authentication.k8s.io', '', uid)]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => requireAccess(authorizer, user, 'userextras', 'authentication.k8s.io', '', value, key)),
    ),
  ])
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: withImplied(name, groups),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
    impersonator: user,
  }
}

const extraPrefix = 'impersonate-extra-'

/** undefined without impersonation headers. @throws ApiError 400 for groups, uid or extra without a user */
function wantedBy({ headersDistinct }: IncomingMessage): Wanted | undefined {
  const [name = ''] = headersDistinct['impersonate-user'] ?? []
  const [uid] = headersDistinct['impersonate-uid'] ?? []
  const groups = headersDistinct['impersonate-group'] ?? []
  // No prototype: the client chooses the keys.
  const extra = Object.create(null) as Record<string, string[]>
  for (const [header, values] of Object.entries(headersDistinct)) {
    if (!header.startsWith(extraPrefix) || !values) continue
    const key = decodedKey(header.slice(extraPrefix.length))
    extra[key] = [...(extra[key] ?? []), ...values]
  }
  const parts = [
    ...groups.map((group) => `group ${JSON.stringify(group)}`),
    ...(uid === undefined ? [] : [`uid ${JSON.stringify(uid)}`]),
    ...Object.keys(extra).map((key) => `extra ${JSON.stringify(key)}`),
  ]
  if (name !== '') return { name, uid, groups, extra }
  if (parts.length > 0) throw badRequest(`requested ${parts.join(', ')} without impersonating a user name`)
  return undefined
}

/** @throws ApiError 400 */
function decodedKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw badRequest(`malformed escape in the header ${extraPrefix}${encoded}`)
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

/** Groups that follow from the user name. */
function withImplied(name: string, groups: readonly string[]): string[] {
  if (name === 'system:anonymous') return [...groups, 'system:unauthenticated']
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? []
  const implied =
    namespace !== undefined && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : []
  return [...new Set([...groups, ...implied, 'system:authenticated'])]
}
