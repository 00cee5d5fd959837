/**
 * Runs `work` `count` times in parallel batches of 1, 2, 4, 8 …; a batch with a failure is the last. Work that is bound
 * to fail (quota, admission) fails once instead of hundreds of times, and work that succeeds is soon done in large batches.
 * Of a batch a few dozen are under way at a time, so that its start does not hold the event loop.
 * @returns how many succeeded, and the first failure.
 */
export async function slowStart(
  count: number,
  work: (index: number) => Promise<void>,
  first = 1,
): Promise<{ succeeded: number; error?: Error }> {
  let succeeded = 0
  for (let done = 0, size = Math.min(first, count); size > 0; size = Math.min(2 * size, count - done)) {
    const results = await settleAll(size, (index) => work(done + index))
    const failure = results.find((result) => result.status === 'rejected')
    succeeded += results.filter((result) => result.status === 'fulfilled').length
    if (failure) return { succeeded, error: errorOf(failure.reason) }
    done += size
  }
  return { succeeded }
}

/** Most work under way at once. */
const parallel = 32

async function settleAll(count: number, work: (index: number) => Promise<void>): Promise<PromiseSettledResult<void>[]> {
  const results: PromiseSettledResult<void>[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) results.push(...(await Promise.allSettled([work(next++)])))
  }
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, lane))
  return results
}

export const errorOf = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))
