import type { Job } from '#shared/kube/generated/types.ts'
import { parseIndexes } from '#shared/reconcile/index-ranges.ts'

/** The first rule of the successPolicy that the completed indexes meet, as its condition names it; undefined for none. */
export function metSuccessRule({ spec }: Job, completed: ReadonlySet<number>): string | undefined {
  if (completed.size === 0) return undefined
  const at = (spec?.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && completed.size >= succeededCount
    const required = parseIndexes(succeededIndexes)
    return required.filter((index) => completed.has(index)).length >= (succeededCount ?? required.length)
  })
  return at < 0 ? undefined : `Matched rules at index ${at}`
}
