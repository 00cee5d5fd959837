import type { Pod } from '#shared/kube/generated/types.ts'
import type { Run } from './containers.ts'

export interface Stretch {
  is: 'starting' | 'running' | 'failed' | 'waiting' | 'completed' | 'unknown'
  ms: number
}

/**
 * What a container did since the pod began, oldest first. The API keeps the last two runs: what was before them is not
 * known.
 */
export function stretchesOf({ metadata, status }: Pod, runs: readonly Run[], now: number): Stretch[] {
  const from = Date.parse(status?.startTime ?? metadata.creationTimestamp ?? '')
  const ordered = runs
    .filter(({ startedAt }) => startedAt !== '')
    .map((run) => ({ ...run, from: Date.parse(run.startedAt), to: run.finishedAt ? Date.parse(run.finishedAt) : now }))
    .sort((a, b) => a.from - b.from)
  const stretches: Stretch[] = []
  let at = Number.isNaN(from) ? (ordered[0]?.from ?? now) : from
  ordered.forEach((run, index) => {
    if (run.from > at)
      stretches.push({ is: index > 0 ? 'waiting' : run.number > 1 ? 'unknown' : 'starting', ms: run.from - at })
    const is = run.finishedAt === undefined ? 'running' : run.tone === 'bad' ? 'failed' : 'completed'
    stretches.push({ is, ms: Math.max(0, run.to - run.from) })
    at = Math.max(at, run.to)
  })
  const last = ordered.at(-1)
  const isOver = status?.phase === 'Failed' || metadata.deletionTimestamp !== undefined
  if (last && now > at) stretches.push({ is: last.tone === 'bad' && !isOver ? 'waiting' : 'unknown', ms: now - at })
  return stretches
}
