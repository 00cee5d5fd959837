import { setTimeout as pause } from 'node:timers/promises'

/**
 * Looks until what is looked for is there. For what no watch tells: effects on other servers and on machines.
 * @param look returns undefined or false, or throws, while it is not yet so
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  ms = 120_000,
): Promise<T> {
  let last: unknown
  const end = Date.now() + ms
  while (Date.now() < end) {
    try {
      const seen = await look()
      if (seen !== undefined && seen !== false) return seen
      last = undefined
    } catch (error) {
      last = error
    }
    await pause(200)
  }
  throw new Error(`not within ${ms} ms: ${what}${last instanceof Error ? ` (${last.message})` : ''}`)
}
