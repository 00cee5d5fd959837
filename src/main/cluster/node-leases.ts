import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import { leases } from '#shared/kube/resources.ts'
import { microTimestamp } from '#shared/kube/timestamp.ts'

/** As often as an agent does, ms. */
const periodMs = 5_000

/** Renews the leases of workers that stand still on purpose: nobody takes them for lost, or their pods away. */
export function renewLeases({
  names,
  client,
  clock,
  log,
}: {
  names: readonly string[]
  client: Client
  clock: Clock
  log: Log
}): Stop {
  let stopTimer: Stop = () => undefined
  const renew = (): void => {
    const body = { spec: { renewTime: microTimestamp(clock.now()) } }
    for (const name of names)
      client
        .patch(leases, { namespace: 'kube-node-lease', name }, { type: 'merge', body })
        .catch((error: unknown) =>
          log.warn('the lease of a paused worker is not renewed', { name, error: messageOf(error) }),
        )
    stopTimer = clock.after(periodMs, renew)
  }
  renew()
  return () => stopTimer()
}
