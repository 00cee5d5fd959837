/** What the `conditions` of every kind have in common; each kind adds fields of its own. */
export interface ConditionLike {
  /** Optional in the schema of FlowSchema alone. */
  type?: string
  status?: string
  lastTransitionTime?: string
}

/** A condition as its writer states it: its time of transition follows from the status. */
export type ConditionUpdate<C extends ConditionLike> = Omit<C, 'lastTransitionTime'>

/** The condition of a type; a list has at most one of each. */
export const findCondition = <C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string | undefined,
): C | undefined => conditions?.find((condition) => condition.type === type)

/** Whether the condition is there with status `True`. */
export const isConditionTrue = (conditions: readonly ConditionLike[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True'

/**
 * `update` with its time of transition: that of the present condition of its type while the status is the same, else
 * `now`. The rule of `meta.SetStatusCondition`: a change of reason or message alone is no transition.
 * @param now as `timestamp` writes it
 */
export function withTransitionTime<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  update: ConditionUpdate<C>,
  now: string,
): ConditionUpdate<C> & { lastTransitionTime: string } {
  const present = findCondition(conditions, update.type)
  const kept = present && present.status === update.status ? present.lastTransitionTime : undefined
  return { ...update, lastTransitionTime: kept ?? now }
}

/**
 * The list with `update` in the place of the condition of its type, or at the end where there is none. Fields that
 * `update` does not name are gone. The input is left as it is.
 * @param now as `timestamp` writes it
 * @param options.position `last` moves the condition to the end: what the workload controllers of Kubernetes do, and
 * clients that print conditions in their order show
 */
export function setCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  update: ConditionUpdate<C>,
  now: string,
  { position = 'kept' }: { position?: 'kept' | 'last' } = {},
): (C | (ConditionUpdate<C> & { lastTransitionTime: string }))[] {
  const next = withTransitionTime(conditions, update, now)
  const at = position === 'last' ? -1 : (conditions?.findIndex(({ type }) => type === update.type) ?? -1)
  if (at >= 0) return (conditions ?? []).map((condition, index) => (index === at ? next : condition))
  return [...withoutCondition(conditions, update.type), next]
}

/** The list without the condition of a type. */
export const withoutCondition = <C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string | undefined,
): C[] => conditions?.filter((condition) => condition.type !== type) ?? []
