import type { Stop } from '#shared/base/disposable.ts'

/** Time between an answer and the next question, ms. */
export const beatInterval = 1_000
/** How long an answer may take, ms. With the interval, silence is noticed within 3 s. */
export const beatPatience = 1_500

/**
 * Asks the back again and again whether it is there: a frozen process keeps its connections open. `onSilence` is called
 * once per silence, `onBeat` at each answer. Questions that fail are asked again.
 */
export function startHeartbeat({
  ping,
  onBeat,
  onSilence,
}: {
  ping(): Promise<unknown>
  onBeat(): void
  onSilence(): void
}): Stop {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = (): void => {
    if (stopped) return
    const patience = setTimeout(() => !stopped && onSilence(), beatPatience)
    const next = (): void => {
      clearTimeout(patience)
      if (!stopped) timer = setTimeout(ask, beatInterval)
    }
    ping().then(() => {
      if (!stopped) onBeat()
      next()
    }, next)
  }
  ask()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
