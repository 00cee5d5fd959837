/**
 * Runs `work` `count` times in parallel batches of 1, 2, 4, 8 …; a batch with a failure is the last. Work that is bound
 * to fail (quota, admission) fails once instead of hundreds of times, and work that succeeds is soon done all at once.
 * @returns how many succeeded, and the first failure.
 */
export async function slowStart(
  count: number,
  work: (index: number) => Promise<void>,
  first = 1,
): Promise<{ succeeded: number; error?: Error }> {
  let succeeded = 0
  for (let done = 0, size = Math.min(first, count); size > 0; size = Math.min(2 * size, count - done)) {
    const batch = Array.from({ length: size }, (_, index) => work(done + index))
    const results = await Promise.allSettled(batch)
    const failure = results.find((result) => result.status === 'rejected')
    succeeded += results.filter((result) => result.status === 'fulfilled').length
    if (failure) return { succeeded, error: errorOf(failure.reason) }
    done += size
  }
  return { succeeded }
}

export const errorOf = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))
