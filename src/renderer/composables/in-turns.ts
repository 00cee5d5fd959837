/** Requests that are under way at the same time: the others of the page get their turn between them. */
const atOnce = 6

/** Does some work for each item, a few at a time. @throws what the work throws */
export async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
