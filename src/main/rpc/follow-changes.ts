import type { Stop } from '#shared/base/disposable.ts'

/**
 * Sends the present state, and again whenever it has changed, until `signal` aborts. Changes while a message is on its way make one
 * further message.
 */
export async function followChanges({
  onChange,
  send,
  signal,
}: {
  onChange(listener: () => void): Stop
  send(): Promise<void>
  signal: AbortSignal
}): Promise<void> {
  let dirty = true
  let wake: () => void = () => undefined
  const stop = onChange(() => {
    dirty = true
    wake()
  })
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    while (!signal.aborted) {
      if (dirty) {
        dirty = false
        await send()
      } else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    await stop()
  }
}
