import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Client } from '#shared/client/client.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { policyPeersPath, type PolicyPeers } from '#shared/kube/network-policy.ts'
import { namespaces, networkPolicies, nodes, pods } from '#shared/kube/resources.ts'
import { serviceUnavailable } from '#shared/kube/status.ts'
import type { ObjectReader } from '../api/reader.ts'
import type { Page } from '../api/route.ts'
import { PeerTable } from './peer-table.ts'

export interface PolicyPeersOptions {
  /** Acts as the API server. */
  client: () => Client
  reader: ObjectReader
  clock: Clock
  log: Log
}

/** How long a request waits for a change, ms. */
const patience = 25_000
/** Changes within this time are one answer, ms. */
const quiet = 10

/**
 * `/slipway/policy-peers`: addresses of the pods that NetworkPolicies select as peers, for the nodes, which enforce
 * them. A node learns addresses, and numbers of ports that policies name, but neither names nor labels of pods of other
 * nodes. With `epoch` and `version` of the last answer, a request waits for a change.
 *
 * Pods are followed from the first request on: nodes ask only while there are policies.
 */
export function policyPeersPage({ client, reader, clock, log }: PolicyPeersOptions): { page: Page; stop: Stop } {
  const epoch = randomUUID()
  const table = new PeerTable({
    labelsOfNamespace: (name) => reader.get(namespaces, '', name)?.metadata.labels,
    podRangesOf(node) {
      const { podCIDR, podCIDRs } = reader.get(nodes, '', node)?.spec ?? {}
      return podCIDRs ?? (podCIDR ? [podCIDR] : [])
    },
  })
  const waiting = new Set<() => void>()
  let announced: Stop | undefined
  let stopInformers: Stop = () => undefined
  let isStopped = false
  let following: Promise<void> | undefined

  const announce = (): void => {
    announced ??= clock.after(quiet, () => {
      announced = undefined
      for (const wake of waiting) wake()
    })
  }
  const follow = async (): Promise<void> => {
    const informers = createSharedInformers({ client: client(), clock, log })
    stopInformers = () => informers.stop()
    const all = { pods: informers.share(pods), policies: informers.share(networkPolicies) }
    const spaces = informers.share(namespaces)
    await Promise.all([all.pods.synced, all.policies.synced, spaces.synced])
    const changed = (change: () => void) => (): void => {
      const { version } = table
      change()
      if (table.version !== version) announce()
    }
    const rebuild = changed(() => table.rebuild(all.policies.list(), all.pods.list()))
    all.policies.onChange({ added: rebuild, updated: rebuild, deleted: rebuild })
    spaces.onChange({ updated: rebuild })
    all.pods.onChange({
      added: (pod) => changed(() => table.put(pod))(),
      updated: (_, pod) => changed(() => table.put(pod))(),
      deleted: (pod) => changed(() => table.remove(pod))(),
    })
  }
  /** @returns false when nothing has changed for long */
  const nextChange = (): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (isChange: boolean): void => {
        waiting.delete(wake)
        void stopTimer()
        resolve(isChange)
      }
      const wake = (): void => end(true)
      const stopTimer = clock.after(patience, () => end(false))
      waiting.add(wake)
    })
  const answer = async (query: Readonly<Record<string, string | undefined>>): Promise<PolicyPeers> => {
    await (following ??= follow())
    const known = query['epoch'] === epoch ? Number(query['version']) || 0 : 0
    while (known === table.version && !isStopped) if (!(await nextChange())) break
    if (isStopped) throw serviceUnavailable('the API server is stopping')
    return { epoch, version: table.version, keys: table.keys(), changed: table.changedSince(known) }
  }
  return {
    page(call) {
      if (call.path !== policyPeersPath || call.method !== 'GET') return undefined
      return answer(call.query).then((body) => ({
        type: 'bytes',
        code: 200,
        contentType: 'application/json',
        body: JSON.stringify(body),
      }))
    },
    stop() {
      isStopped = true
      void announced?.()
      for (const wake of waiting) wake()
      return stopInformers()
    },
  }
}
