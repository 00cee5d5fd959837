import type { KubeObject } from '#shared/kube/object.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { blockedBy, blocks, type Lack, type Planned } from './lacks.ts'
import type { Effect } from './plan.ts'

/** What the server says of an object that would be applied. */
export interface Verdict {
  effect?: Effect
  before?: KubeObject | undefined
  after?: KubeObject
  /** Fields that others own and that would change. */
  conflicts: readonly { manager: string; field: string }[]
  /** Why the server would not take it. */
  refused?: string
  /** The server cannot check it before something else of the plan is there. */
  unchecked?: boolean
}

/** Why a plan cannot be applied now. */
export type Obstacle =
  /** The namespace is missing and may not be made: nothing can be applied. */
  | { is: 'namespace' }
  /** Objects that the target cannot take, by what it lacks or by its own words. */
  | { is: 'blocked' | 'refused'; n: number }
  | { is: 'checking' | 'conflict' }

/** What applying a plan would do: every figure that the page shows is of here. */
export interface Outlook {
  /** Objects that are applied; the namespace, which is made for them, is none of them. */
  objects: number
  makesNamespace: boolean
  /** What the server is asked about. */
  open: Planned[]
  /** Keys of what cannot be applied because of what the target lacks. */
  blocked: ReadonlySet<string>
  /** Keys of what cannot be applied for any reason, for leaving it out. */
  hopeless: string[]
  counts: Record<Effect['is'], number>
  conflicts: Verdict['conflicts']
  /** Things that objects name and that are missing: these are applied, and wait. */
  awaited: number
  isComplete: boolean
  /** Unset where it can be applied. */
  obstacle?: Obstacle
}

export interface OutlookOptions {
  plan: readonly Planned[]
  lacks: readonly Lack[]
  verdictOf(planned: Planned): Verdict | undefined
  /** Fields that others own are taken over. */
  takeOver: boolean
}

/** The objects of a plan: the namespace, which is made for them, is none of them. */
export const objectsOf = <T extends Planned>(plan: readonly T[]): T[] =>
  plan.filter(({ resource }) => resource !== namespaces)

/** What of a plan the server is asked about: where the namespace may not be made, nothing is. */
export function openOf(plan: readonly Planned[], lacks: readonly Lack[]): Planned[] {
  if (lacks.some(({ is }) => is === 'namespace')) return []
  const blocked = blockedBy(lacks)
  return plan.filter(({ key }) => !blocked.has(key))
}

/** Judges a plan by what the target lacks and by what its server says. */
export function outlookOf({ plan, lacks, verdictOf, takeOver }: OutlookOptions): Outlook {
  const open = openOf(plan, lacks)
  const blocked = blockedBy(lacks)
  const objects = objectsOf(plan)
  const judged = objectsOf(open).map((planned) => ({ planned, verdict: verdictOf(planned) }))
  const verdicts = judged.flatMap(({ verdict }) => verdict ?? [])
  const countOf = (is: Effect['is']): number => verdicts.filter(({ effect }) => effect?.is === is).length
  const refused = open.filter((each) => verdictOf(each)?.refused !== undefined).map(({ key }) => key)
  const conflicts = verdicts.flatMap((verdict) => verdict.conflicts)
  const isComplete = open.every((each) => verdictOf(each) !== undefined)
  const obstacle = ((): Obstacle | undefined => {
    if (lacks.some(({ is }) => is === 'namespace')) return { is: 'namespace' }
    if (blocked.size > 0) return { is: 'blocked', n: blocked.size }
    if (refused.length > 0) return { is: 'refused', n: refused.length }
    if (!isComplete) return { is: 'checking' }
    return conflicts.length > 0 && !takeOver ? { is: 'conflict' } : undefined
  })()
  return {
    ...{ objects: objects.length, makesNamespace: plan.length > objects.length, open, blocked },
    hopeless: [...blocked, ...refused].filter((key) => objects.some((each) => each.key === key)),
    counts: { created: countOf('created'), changed: countOf('changed'), same: countOf('same') },
    ...{ conflicts, isComplete, awaited: lacks.filter((lack) => !blocks(lack)).length },
    ...(obstacle ? { obstacle } : {}),
  }
}
