import type { UserInfo } from '../api/access.ts'

const prefix = 'system:node:'

/**
 * The name of the node that a user is: user name `system:node:<name>` and group `system:nodes` together, as in
 * Kubernetes (pkg/auth/nodeidentifier). '' for a node without a name, which is denied everything; undefined for all
 * other users.
 */
export const nodeIdentity = ({ name, groups }: UserInfo): string | undefined =>
  name.startsWith(prefix) && groups.includes('system:nodes') ? name.slice(prefix.length) : undefined
