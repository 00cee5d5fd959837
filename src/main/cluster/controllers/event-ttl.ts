import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { isConflict, isNotFound, messageOf } from '#shared/kube/error-kinds.ts'
import type { Event } from '#shared/kube/generated/types.ts'
import { events } from '#shared/kube/resources.ts'

/** ms after its last write that an Event is kept: Kubernetes' hour. */
const ttl = 3_600_000
/** ms between two looks at least, so that what expires together goes together. */
const pause = 60_000
const pageSize = 500

/**
 * Deletes Events an hour after they were last written. In Kubernetes the store lets them expire; here nobody holds them
 * in memory for it: each look tells when the next one is worth it.
 */
export function startEventTtl({ client, clock, log }: { client: Client; clock: Clock; log: Log }): Stop {
  let stopped = false
  let wake: Stop = () => undefined
  let look: Promise<void> = Promise.resolve()

  function schedule(ms: number): void {
    wake = clock.after(ms, () => (look = lookOnce()))
  }

  async function lookOnce(): Promise<void> {
    let next = ttl
    try {
      next = await sweep()
    } catch (error) {
      if (!stopped) log.warn('events were not looked through', { controller: 'event-ttl', error: messageOf(error) })
      next = pause
    }
    if (!stopped) schedule(Math.max(next, pause))
  }

  /** @returns ms until the next one expires; nothing that is yet to come does so within the hour */
  async function sweep(): Promise<number> {
    let soonest = ttl
    let token: string | undefined
    do {
      const page = await client.list(events, { limit: pageSize, ...(token ? { continue: token } : {}) })
      for (const event of page.items) {
        if (stopped) return soonest
        const left = lastWrite(event, clock.now()) + ttl - clock.now()
        if (left <= 0) await expire(event)
        else soonest = Math.min(soonest, left)
      }
      token = page.metadata.continue
    } while (token && !stopped)
    return soonest
  }

  /** Unless it was written again just now. */
  async function expire({ metadata }: Event): Promise<void> {
    const { namespace, name = '', resourceVersion } = metadata
    try {
      await client.delete(events, { namespace, name }, { preconditions: { resourceVersion } })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }

  schedule(0)
  return async () => {
    stopped = true
    await wake()
    await look
  }
}

/** Whoever counts an Event up says when it was seen; what lies ahead is a clock that is wrong. */
function lastWrite({ metadata, lastTimestamp, series }: Event, now: number): number {
  const written = (metadata.managedFields ?? []).map(({ time }) => time)
  const times = [metadata.creationTimestamp, ...written, lastTimestamp, series?.lastObservedTime]
  return Math.max(...times.map((time) => Date.parse(time ?? '') || 0).filter((time) => time <= now), 0)
}
