import type { UserInfo } from '../api/access.ts'

const prefix = 'system:node:'

/**
 * The node that a user is: name `system:node:<name>` and group `system:nodes` together, as in Kubernetes
 * (pkg/auth/nodeidentifier). '' for a node without a name, which nothing is allowed; undefined for everybody else.
 */
export const nodeIdentity = ({ name, groups }: UserInfo): string | undefined =>
  name.startsWith(prefix) && groups.includes('system:nodes') ? name.slice(prefix.length) : undefined
