import type { Deployment, ReplicaSet } from '#shared/kube/generated/types.ts'

/** Annotations by which a Deployment numbers and sizes its ReplicaSets; kubectl reads them too. */
export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'

/** What belongs to a Deployment or to one ReplicaSet alone; all other annotations of a Deployment are passed down. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
])

/** Longest revision history, in characters: the oldest entries make room for new ones. */
const longestHistory = 2000

/** The revision of a ReplicaSet, 64 bits wide; 0 where the annotation is absent or no number. */
export function revisionOf({ metadata }: ReplicaSet): bigint {
  const text = metadata.annotations?.[revisionAnnotation] ?? ''
  if (!/^[+-]?\d{1,19}$/.test(text)) return 0n
  const revision = BigInt(text)
  return BigInt.asIntN(64, revision) === revision ? revision : 0n
}

/**
 * Annotations of the current template's ReplicaSet: its own, the Deployment's, and the newest revision. An old template
 * that is current again is renumbered, and its former revision goes to the history.
 */
export function annotationsOfCurrent(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Record<string, string> {
  const annotations = { ...current.metadata.annotations }
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!ownAnnotations.has(name)) annotations[name] = value
  const before = revisionOf(current)
  const revision = old.map(revisionOf).reduce((a, b) => (a > b ? a : b), 0n) + 1n
  if (before >= revision) return annotations
  if (before > 0n) annotations[historyAnnotation] = withEntry(annotations[historyAnnotation], String(before))
  annotations[revisionAnnotation] = String(revision)
  return annotations
}

function withEntry(history: string | undefined, entry: string): string {
  const entries = [...(history ? history.split(',') : []), entry]
  while (entries.join(',').length > longestHistory) entries.shift()
  return entries.join(',')
}
