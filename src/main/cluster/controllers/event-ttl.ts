import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { isConflict, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Event } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { events } from '#shared/kube/resources.ts'

/** How long an Event is kept after its last write, ms: an hour as in Kubernetes. */
const ttl = 3_600_000
/** Shortest time between two sweeps, ms, so that Events that expire together are deleted together. */
const pause = 60_000
const pageSize = 500

/**
 * Deletes Events an hour after they were last written. In Kubernetes etcd's leases do that. Events are not cached for
 * it: each sweep computes when the next one is due.
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
      if (!stopped) log.warn('sweep of events failed', { controller: 'event-ttl', error: messageOf(error) })
      next = pause
    }
    if (!stopped) schedule(Math.max(next, pause))
  }

  /** @returns ms until the next present Event expires; those created later take an hour at least */
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

  /** Deletes the Event unless it was written again meanwhile. */
  async function expire({ metadata }: Stored<Event>): Promise<void> {
    const { namespace, name, resourceVersion } = metadata
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

/** The time of the last occurrence; a time in the future comes from a wrong clock and counts as now. */
function lastWrite({ metadata, lastTimestamp, series }: Event, now: number): number {
  const written = (metadata.managedFields ?? []).map(({ time }) => time)
  const times = [metadata.creationTimestamp, ...written, lastTimestamp, series?.lastObservedTime]
  return Math.max(...times.map((time) => Date.parse(time ?? '') || 0).filter((time) => time <= now), 0)
}
