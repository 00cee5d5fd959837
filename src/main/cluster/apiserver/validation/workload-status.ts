import { fieldInvalid, type FieldError } from '#shared/kube/status.ts'
import { checkNotNegative } from './fields.ts'

/** The numbers in the status of a workload, by name. */
type Counts = Readonly<Record<string, unknown>>

interface Rules {
  /** What may not be negative, `replicas` first where there is such a thing. */
  counts: readonly string[]
  /** What is a part of `replicas`. */
  parts?: readonly string[]
  /** How messages call the number of ready ones, of which those available are a part. */
  ready?: string
}

/** Findings about the numbers that a controller, ours or another's, writes into a status. */
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
