import { nodeRules } from './default-roles.ts'
import { ruleAllows } from './rules.ts'
import type { AuthorizationAttributes, Decision } from './types.ts'

const allowed: Decision = { allowed: true }
const noOpinion: Decision = { allowed: false }

/**
 * What every kubelet may do, without a binding. Which nodes, pods and leases it may touch is the concern of admission
 * (`admission/node-restriction.ts`).
 */
export function authorizeNode(attributes: AuthorizationAttributes): Decision {
  const { user } = attributes
  if (!user.name.startsWith('system:node:') || !user.groups.includes('system:nodes')) return noOpinion
  return nodeRules.some((rule) => ruleAllows(rule, attributes)) ? allowed : noOpinion
}
