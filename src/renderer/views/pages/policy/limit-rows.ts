import type { LimitRange } from '#shared/kube/generated/types.ts'

/** What a LimitRange says of one resource of one kind of thing; what it does not say is unset. */
export interface LimitRow {
  type: string
  resource: string
  min: string | undefined
  max: string | undefined
  request: string | undefined
  limit: string | undefined
  ratio: string | undefined
}

/** One row for each resource that a limit names, in the order of the limits. */
export const limitRows = ({ spec }: LimitRange): LimitRow[] =>
  (spec?.limits ?? []).flatMap(({ type, min, max, default: limits, defaultRequest, maxLimitRequestRatio }) => {
    const all = [min, max, limits, defaultRequest, maxLimitRequestRatio]
    const resources = new Set(all.flatMap((amounts) => Object.keys(amounts ?? {})))
    return [...resources].sort().map((resource) => ({
      ...{ type, resource, min: min?.[resource], max: max?.[resource] },
      ...{ request: defaultRequest?.[resource], limit: limits?.[resource], ratio: maxLimitRequestRatio?.[resource] },
    }))
  })
