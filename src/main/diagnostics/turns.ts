/** How long work goes on before it lets other work of the process run, ms. */
const longestTurn = 10

/**
 * Lets other work run between two pieces of long work: to be awaited after each piece.
 * @returns a function that resolves at once, or after a turn of the event loop where the last one was long ago
 */
export function createTurns(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < longestTurn) return
    await new Promise<void>((resolve) => void setImmediate(resolve))
    began = performance.now()
  }
}
