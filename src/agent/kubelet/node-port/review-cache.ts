import type { Clock } from '#shared/base/clock.ts'

/** Answers of the API server that hold for a while. Equal questions at the same time are asked once. */
export interface ReviewCache<T> {
  /** @throws TooManyReviews, or the error of `ask`, which is not kept */
  get(key: string, ask: () => Promise<T>): Promise<T>
}

/** So many questions are open that no further one is asked: a flood of requests must not become one at the API server. */
export class TooManyReviews extends Error {
  constructor() {
    super('too many reviews are waiting for the API server')
  }
}

/** Kept answers; beyond it the oldest goes. */
const mostKept = 1_000
/** Questions that may be open at once. */
const mostOpen = 32

export function createReviewCache<T>({
  clock,
  ttl,
}: {
  clock: Clock
  /** How long an answer holds, ms. */
  ttl(answer: T): number
}): ReviewCache<T> {
  const kept = new Map<string, { answer: T; from: number; until: number }>()
  const open = new Map<string, Promise<T>>()

  const review = async (key: string, ask: () => Promise<T>): Promise<T> => {
    const answer = await ask()
    kept.delete(key)
    const from = clock.now()
    kept.set(key, { answer, from, until: from + ttl(answer) })
    const [oldest] = kept.keys()
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
    return answer
  }
  return {
    async get(key, ask) {
      const known = kept.get(key)
      const now = clock.now()
      // A clock that is set back does not make it hold longer.
      if (known && known.from <= now && now < known.until) return known.answer
      const asking = open.get(key)
      if (asking) return asking
      if (open.size >= mostOpen) throw new TooManyReviews()
      const started = review(key, ask).finally(() => open.delete(key))
      open.set(key, started)
      return started
    },
  }
}
