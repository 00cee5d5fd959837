/** Starts work when the work before it has ended, also with a failure. @throws what the work throws */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>

/** One after the other: what is asked for last is done last, and sees what was done before. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }
}
