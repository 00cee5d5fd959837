/** How long an action waits for a back that does not answer, ms. */
export const actionPatience = 8_000

/** The back does not answer, and whether the action was carried out is not known. */
export class NoAnswer extends Error {}

export interface Line {
  isUp(): boolean
  /** Called after each change. @returns takes the listener back */
  onChange(listener: () => void): () => void
}

/**
 * Carries out an action of the user, and gives it up once the back has not answered for a while: no button stays busy
 * for ever. While the back answers, it may take as long as it takes.
 * @throws NoAnswer
 */
export async function withDeadline<T>(
  line: Line,
  { act, message }: { act(signal: AbortSignal): Promise<T>; message(): string },
): Promise<T> {
  const stop = new AbortController()
  const { promise: lost, reject } = Promise.withResolvers<never>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const watch = (): void => {
    clearTimeout(timer)
    if (line.isUp()) return
    timer = setTimeout(() => {
      stop.abort()
      reject(new NoAnswer(message()))
    }, actionPatience)
  }
  const unwatch = line.onChange(watch)
  watch()
  try {
    return await Promise.race([act(stop.signal), lost])
  } finally {
    clearTimeout(timer)
    unwatch()
  }
}
