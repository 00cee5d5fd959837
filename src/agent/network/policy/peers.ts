import { Backoff } from '#shared/base/backoff.ts'
import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { Transport } from '#shared/client/transport.ts'
import type { NetworkPolicy } from '#shared/kube/generated/types.ts'
import { policyPeersPath, type PeerMember, type PolicyPeers } from '#shared/kube/network-policy.ts'

/** Members of the peer groups of all policies, as the control plane tells them. */
export interface Peers {
  readonly members: ReadonlyMap<string, readonly PeerMember[]>
  /** Resolves with the first answer; asks only while there are policies. */
  readonly synced: Promise<void>
  stop: Stop
}

/** Asks the control plane for members of peer groups, again and again: each answer comes when something changes. */
export function followPeers({
  transport,
  policies,
  clock,
  log,
  onChange,
}: {
  transport: Transport
  policies: Informer<NetworkPolicy>
  clock: Clock
  log: Log
  onChange: () => void
}): Peers {
  const members = new Map<string, readonly PeerMember[]>()
  const stopped = new AbortController()
  const backoff = new Backoff({ initial: 50, max: 3_000 })
  let announceSynced: () => void = () => undefined
  const synced = new Promise<void>((resolve) => (announceSynced = resolve))
  let wake: () => void = () => undefined
  let at = ''

  const ask = async (): Promise<void> => {
    const { signal } = stopped
    const answer = (await transport.request({ method: 'GET', path: policyPeersPath + at, signal })) as PolicyPeers
    at = `?epoch=${encodeURIComponent(answer.epoch)}&version=${answer.version}`
    const keys = new Set(answer.keys)
    for (const key of members.keys()) if (!keys.has(key)) members.delete(key)
    for (const [key, list] of Object.entries(answer.changed)) members.set(key, list)
    announceSynced()
    onChange()
  }
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (policies.list().length === 0) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      try {
        await ask()
        backoff.forget('')
      } catch (error) {
        if (stopped.signal.aborted) return
        log.debug('peers of policies not known', { error: messageOf(error) })
        await sleep(clock, backoff.next(''), stopped.signal).catch(() => undefined)
      }
    }
  }
  const stopListening = policies.onChange({ added: () => wake() })
  void run()
  return {
    members,
    synced,
    stop() {
      stopped.abort()
      void stopListening()
      wake()
    },
  }
}
