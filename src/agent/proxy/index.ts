import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Command } from '../network/command.ts'
import type { PodNetwork } from '../network/pod-network.ts'
import { hooks, renderRules, restoreInput, stalePaths, type RuleInput, type Rules } from './rules.ts'

export interface ProxyOptions {
  services: Informer<Service>
  slices: Informer<EndpointSlice>
  network: Pick<PodNetwork, 'hostPorts' | 'onHostPortsChange'>
  run: Command
  clock: Clock
  log: Log
  settings: Pick<RuleInput, 'nodeName' | 'nodeIp' | 'apiPort' | 'podCidr' | 'localIps'>
}

/** Minimum time between two writes of the rules, ms: a burst of changes is one write. */
const quiet = 30
const serviceLabel = 'kubernetes.io/service-name'

/** Keeps this node's packet rules in sync with Services and their endpoints. */
export async function startProxy({
  services,
  slices,
  network,
  run,
  clock,
  log,
  settings,
}: ProxyOptions): Promise<Stop> {
  slices.addIndex('service', ({ metadata }) => {
    const service = metadata.labels?.[serviceLabel]
    return service && `${metadata.namespace}/${service}`
  })
  let written: Rules | undefined
  /** Lines that are logged already; one that recurs later is logged again. */
  let ignored = new Set<string>()
  /** Error of the last write, until a write succeeds. */
  let failure: string | undefined
  let isHooked = false
  let scheduled: Stop | undefined
  let writing = false
  let stopped = false

  const write = async (): Promise<void> => {
    const rules = renderRules({
      ...settings,
      services: services.list(),
      slicesOf: (namespace, name) => slices.byIndex('service', `${namespace}/${name}`),
      hostPorts: network.hostPorts(),
    })
    for (const line of rules.ignored) if (!ignored.has(line)) log.warn('left out of the service rules', { field: line })
    ignored = new Set(rules.ignored)
    const previous = written ?? (await chainsInPlace(run))
    const text = restoreInput(rules, previous)
    // After a failed write the chains in place are read again.
    written = undefined
    if (text) await run('iptables-restore', ['--noflush', '--wait', '5'], text)
    written = rules
    failure = undefined
    // The built-in chains can jump to ours once these exist.
    if (!isHooked) await hookIn(run)
    isHooked = true
    for (const match of stalePaths(rules.udp, previous.udp))
      // Fails when there is no matching entry.
      await run('conntrack', ['--delete', '--proto', 'udp', ...match]).catch(() => undefined)
  }
  const schedule = (ms = quiet): void => {
    if (stopped || scheduled) return
    scheduled = clock.after(ms, () => {
      scheduled = undefined
      if (writing) {
        schedule()
        return
      }
      writing = true
      void writeOrRetry().finally(() => (writing = false))
    })
  }
  /** Rules that the kernel refuses do not end the agent: the node continues with the previous ones. */
  const writeOrRetry = (): Promise<void> =>
    write().catch((error: unknown) => {
      const message = messageOf(error)
      if (message !== failure) log.error('service rules not written', { error: message })
      failure = message
      schedule(1_000)
    })
  await Promise.all([services.synced, slices.synced])
  await writeOrRetry()
  const change = { added: () => schedule(), updated: () => schedule(), deleted: () => schedule() }
  const stops = [services.onChange(change), slices.onChange(change), network.onHostPortsChange(() => schedule())]
  return () => {
    stopped = true
    void scheduled?.()
    for (const stop of stops) void stop()
  }
}

/** Chains left by an earlier agent, with unknown rules: needed ones are written again, the others removed. */
async function chainsInPlace(run: Command): Promise<Rules> {
  const chainsOf = async (table: string): Promise<Rules['nat']> => {
    const text = await run('iptables-save', ['-t', table])
    return new Map([...text.matchAll(/^:(SLIP\S+)/gm)].map(([, chain = '']) => [chain, ['unknown']]))
  }
  const [nat, filter] = await Promise.all([chainsOf('nat'), chainsOf('filter')])
  return { nat, filter, udp: new Map(), ignored: [] }
}

/** Adds the jumps from the built-in chains to ours, once. */
async function hookIn(run: Command): Promise<void> {
  for (const [table, pairs] of Object.entries(hooks)) {
    for (const [from, to] of pairs) {
      const rule = ['-t', table, '--wait', '5']
      await run('iptables', [...rule, '-C', from, '-j', to]).catch(() =>
        run('iptables', [...rule, '-I', from, '1', '-j', to]),
      )
    }
  }
}
