import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { Transport } from '#shared/client/transport.ts'
import type { Namespace, NetworkPolicy, Pod } from '#shared/kube/generated/types.ts'
import type { IpFamily } from '#shared/kube/ip.ts'
import { namedPortsOf } from '#shared/kube/network-policy.ts'
import { networkPolicies } from '#shared/kube/resources.ts'
import type { Command } from '../command.ts'
import { decideRules, type LocalPod, type PolicyRules } from './decide.ts'
import { removeScript, replaceScript, updateScript } from './nft-script.ts'
import { followPeers } from './peers.ts'

export interface PolicyEnforcementOptions {
  client: Client
  transport: Transport
  policies: Informer<NetworkPolicy>
  namespaces: Informer<Namespace>
  /** Pods of this node. */
  pods: Informer<Pod>
  /** Leased addresses of pods; `loaded` resolves when those of an earlier agent are known. */
  addresses: { loaded(): Promise<void>; addressesOf(podUid: string): readonly string[] }
  /** Of the addresses of pods. */
  families: readonly IpFamily[]
  clusterDns: string
  run: Command
  clock: Clock
  log: Log
}

export interface PolicyEnforcement {
  /** Resolves when the rules for a pod of this namespace are in place, which has an address but no interface yet. */
  inPlace(namespace: string): Promise<void>
  /** An address has been released. */
  changed(): void
  stop: Stop
}

/** Changes within this time are one transaction, ms. */
const quiet = 10
const retryMs = 1_000

/**
 * Enforces NetworkPolicies for the pods of this node: egress of pods that run here, ingress to pods that run here. Rules
 * of an earlier agent stay until all that they follow from is known again.
 */
export function enforcePolicies(options: PolicyEnforcementOptions): PolicyEnforcement {
  const { client, policies, namespaces, pods, addresses, families, clusterDns, run, clock, log } = options
  /** As in the kernel, by family; undefined when that is not known. */
  let written: readonly PolicyRules[] | undefined
  let failure: string | undefined
  let scheduled: Stop | undefined
  let writing: Promise<void> | undefined
  let stopped = false
  const peers = followPeers({ ...options, onChange: () => schedule() })

  const known = Promise.all([policies.synced, namespaces.synced, pods.synced, addresses.loaded()])
  const rules = (family: IpFamily): PolicyRules =>
    decideRules({
      family,
      policies: policies.list(),
      pods: pods.list().flatMap((pod) => localPod(pod, addresses.addressesOf(pod.metadata.uid)) ?? []),
      members: peers.members,
      dns: { ip: clusterDns, namespaceLabels: namespaces.get('kube-system')?.metadata.labels },
    })
  const write = async (): Promise<void> => {
    await known
    if (policies.list().length > 0) await peers.synced
    if (stopped) return
    const next = families.map(rules)
    const previous = written
    // One transaction: a policy holds for both families, or it is not in place yet.
    const script = next
      .map((each, index) => scriptFor(families[index] ?? 'IPv4', each, previous?.[index], clusterDns))
      .join('')
    written = undefined
    if (script) {
      await run('nft', ['-f', '-'], script).catch((error: unknown) => {
        // A kernel without nftables: without policies nothing is missing.
        if (previous !== undefined || next.some(({ chains }) => chains.size > 0)) throw error
        log.warn('nftables does not answer', { error: messageOf(error) })
      })
    }
    written = next
    failure = undefined
  }
  /** One transaction at a time; who asks meanwhile waits for the next one, which sees what has changed. */
  const apply = async (): Promise<void> => {
    while (writing) await writing.catch(() => undefined)
    writing = write().finally(() => (writing = undefined))
    await writing
  }
  const schedule = (ms = quiet): void => {
    if (stopped || scheduled) return
    scheduled = clock.after(ms, () => {
      scheduled = undefined
      void applyOrRetry()
    })
  }
  const applyOrRetry = (): Promise<void> =>
    apply().catch((error: unknown) => {
      const message = messageOf(error)
      if (message !== failure) log.error('network policies not enforced', { error: message })
      failure = message
      schedule(retryMs)
    })
  const change = { added: () => schedule(), updated: () => schedule(), deleted: () => schedule() }
  const stops = [policies, namespaces, pods].map((informer: Pick<Informer, 'onChange'>) => informer.onChange(change))

  return {
    async inPlace(namespace) {
      await known
      await seesPolicies({ client, policies, namespace, log })
      await apply()
    },
    changed: () => schedule(),
    stop() {
      stopped = true
      void scheduled?.()
      void peers.stop()
      for (const stop of stops) void stop()
    },
  }
}

function scriptFor(family: IpFamily, next: PolicyRules, written: PolicyRules | undefined, dnsIp: string): string {
  if (!written) return next.chains.size > 0 ? replaceScript(family, next, dnsIp) : removeScript(family)
  if (written.chains.size === 0) return next.chains.size > 0 ? replaceScript(family, next, dnsIp) : ''
  return next.chains.size > 0 ? updateScript(family, next, written) : removeScript(family)
}

/**
 * Waits until the local copy has every policy of a namespace that exists now: the watch of pods may be ahead of that of
 * policies, and a pod must not start before policies that are older than itself are enforced. When the API server is
 * not reached, what is known counts.
 */
async function seesPolicies({
  client,
  policies,
  namespace,
  log,
}: {
  client: Client
  policies: Informer<NetworkPolicy>
  namespace: string
  log: Log
}): Promise<void> {
  const list = await client.list(networkPolicies, { namespace }).catch((error: unknown) => {
    log.warn('policies not read', { namespace, error: messageOf(error) })
  })
  await policies.caughtUp(...(list?.items ?? []))
}

function localPod(pod: ReturnType<Informer<Pod>['list']>[number], ips: readonly string[]): LocalPod | undefined {
  if (ips.length === 0 || pod.spec?.hostNetwork) return undefined
  const { uid, namespace, labels } = pod.metadata
  return { uid, namespace, labels, ips, ports: namedPortsOf(pod) }
}
