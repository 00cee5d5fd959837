import { neighbourhoodOf, type ListName, type Snapshot } from '../snapshot.ts'
import { scarceQuotas, troubledNodes, unboundClaims } from './cluster.ts'
import { deprecatedApis } from './deprecated.ts'
import { deadIngresses, deadServices, endingCertificates } from './network.ts'
import { failingPods, pendingPods, unreadyPods } from './pods.ts'
import type { AttentionRule, Finding } from './rule.ts'
import { failedJobs, missingLimits, shortWorkloads } from './workloads.ts'

export type { AttentionRule, Finding } from './rule.ts'

/** Everything that can need attention, the most urgent first. */
export const attentionRules: readonly AttentionRule[] = [
  troubledNodes,
  failingPods,
  pendingPods,
  unreadyPods,
  shortWorkloads,
  failedJobs,
  unboundClaims,
  deadServices,
  deadIngresses,
  endingCertificates,
  scarceQuotas,
  deprecatedApis,
  missingLimits,
]

/** A finding with the rule that made it. */
export interface Attention extends Finding {
  rule: string
}

/**
 * What needs attention: what is broken before what may break, in the order of the rules. Of an object, one thing is told by
 * a rule, and what several rules say of it stands apart.
 */
export function attentionOf(snapshot: Snapshot, rules: readonly AttentionRule[] = attentionRules): Attention[] {
  const around = neighbourhoodOf(snapshot)
  const found = rules
    .filter(({ needs }) => needs.every((list) => snapshot[list] !== undefined))
    .flatMap(({ id, find }) => find(snapshot, around).map((finding): Attention => ({ ...finding, rule: id })))
  return ranks.flatMap((tone) => found.filter((each) => each.tone === tone))
}

/** The lists that are missing for some rule: what it looks for cannot be told. */
export const unreadLists = (snapshot: Snapshot, rules: readonly AttentionRule[] = attentionRules): ListName[] => [
  ...new Set(rules.flatMap(({ needs }) => needs.filter((list) => snapshot[list] === undefined))),
]

const ranks = ['bad', 'warn', 'quiet'] as const
