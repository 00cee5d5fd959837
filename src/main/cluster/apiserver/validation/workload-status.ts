import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { checkNotNegative } from './fields.ts'

/** The counts in the status of a workload, by name. */
type Counts = Readonly<Record<string, unknown>>

interface Rules {
  /** Counts that must not be negative, `replicas` first if there is one. */
  counts: readonly string[]
  /** Counts that must not exceed `replicas`. */
  parts?: readonly string[]
  /** The name of the count of ready pods in messages; available pods must not exceed it. */
  ready?: string
}

/** Validates the counts that a controller, built-in or external, writes into a status. */
export function checkStatusCounts(next: object | undefined, previous: object | undefined, rules: Rules): FieldError[] {
  const errors: FieldError[] = []
  const [status, old] = [(next ?? {}) as Counts, (previous ?? {}) as Counts]
  const of = (name: string, counts = status): number => (counts[name] as number | undefined) ?? 0
  for (const name of [...rules.counts, 'observedGeneration', 'collisionCount'])
    checkNotNegative(of(name), `status.${name}`, errors)
  for (const name of rules.parts ?? [])
    if (of(name) > of('replicas'))
      errors.push(fieldInvalid(`status.${name}`, of(name), 'cannot be greater than status.replicas'))
  if (rules.ready && of('availableReplicas') > of('readyReplicas'))
    errors.push(
      fieldInvalid('status.availableReplicas', of('availableReplicas'), `cannot be greater than ${rules.ready}`),
    )
  if (of('collisionCount') < of('collisionCount', old))
    errors.push(fieldInvalid('status.collisionCount', of('collisionCount'), 'cannot be decremented'))
  return errors
}
