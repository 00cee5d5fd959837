import type { Job } from '#shared/kube/generated/types.ts'

/** Indexes as the API writes them: `0,2-4` (batch/v1: completedIndexes). @param most how many are told at all */
export function parseIndexes(text = '', most = 2_000): Set<number> {
  const found = new Set<number>()
  for (const part of text.split(',')) {
    const [first, last] = part.split('-').map(Number)
    if (part === '' || first === undefined || Number.isNaN(first)) continue
    for (let index = first; index <= (last ?? first) && found.size < most; index++) found.add(index)
  }
  return found
}

export interface IndexCell {
  index: number
  is: 'completed' | 'failed' | 'open'
}

/** The state of each index of an indexed Job; none for other Jobs. */
export function indexCells({ spec, status }: Job, most = 400): IndexCell[] {
  if (spec?.completionMode !== 'Indexed') return []
  const completed = parseIndexes(status?.completedIndexes)
  const failed = parseIndexes(status?.failedIndexes)
  return Array.from({ length: Math.min(most, spec.completions ?? 0) }, (_, index) => ({
    index,
    is: completed.has(index) ? 'completed' : failed.has(index) ? 'failed' : 'open',
  }))
}
