import type { Store } from '../../store/store.ts'
import type { ObjectReader } from '../api/reader.ts'
import { authorizeNode } from './node-authorizer.ts'
import { createRbacAuthorizer, type RbacAuthorizer } from './rbac.ts'
import type { AuthorizationAttributes, Decision } from '../api/access.ts'

const allowed: Decision = { allowed: true }

/** Allowed to everybody at any time, even before the first role exists. */
const publicPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/']

/** Authorizes administrators for everything, nodes by the node authorizer, and all others by RBAC. */
export function createAuthorizer({ store, reader }: { store: Store; reader: ObjectReader }): RbacAuthorizer {
  const rbac = createRbacAuthorizer({ store })
  return {
    ...rbac,
    authorize(attributes) {
      if (attributes.user.groups.includes('system:masters') || isPublic(attributes)) return allowed
      const node = authorizeNode(attributes, reader)
      if (node.allowed) return node
      const decision = rbac.authorize(attributes)
      // The node authorizer's reason is more specific than RBAC's.
      return decision.allowed || node.reason === undefined ? decision : node
    },
  }
}

const isPublic = (attributes: AuthorizationAttributes): boolean =>
  !attributes.resourceRequest && attributes.verb === 'get' && publicPaths.includes(attributes.path)
