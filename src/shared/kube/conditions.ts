/** The fields that `conditions` of every kind have; some kinds add others. */
export interface ConditionLike {
  /** Optional only in the schema of FlowSchema. */
  type?: string
  status?: string
  lastTransitionTime?: string
}

/** A condition before its transition time is computed. */
export type ConditionUpdate<C extends ConditionLike> = Omit<C, 'lastTransitionTime'>

/** The condition of a type; a list has at most one of each. */
export const findCondition = <C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string | undefined,
): C | undefined => conditions?.find((condition) => condition.type === type)

/** Whether the condition exists with status `True`. */
export const isConditionTrue = (conditions: readonly ConditionLike[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True'

/**
 * `update` with its transition time: that of the existing condition of its type if the status is the same, else `now`.
 * As in `meta.SetStatusCondition`, a change of reason or message alone is no transition.
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
 * The list with `update` in place of the condition of its type, or appended when there is none. Fields that `update`
 * does not name are removed. The input is not changed.
 * @param now as `timestamp` writes it
 * @param options.position `last` moves the condition to the end, as Kubernetes' workload controllers do; clients print
 * conditions in list order
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
