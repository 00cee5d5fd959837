import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { EndpointSlice, Node, Service } from '#shared/kube/generated/types.ts'
import type { IpFamily } from '#shared/kube/ip.ts'
import type { Command } from '../network/command.ts'
import type { PodNetwork } from '../network/pod-network.ts'
import { startProxyHealth } from './health.ts'
import { createRuleRenderer, emptyRules, hooks, restoreInput, stalePaths, type RuleInput, type Rules } from './rules.ts'

export interface ProxyOptions {
  services: Informer<Service>
  slices: Informer<EndpointSlice>
  /** For this node's zone, and whether it is being removed. */
  nodes: Informer<Node>
  network: Pick<PodNetwork, 'hostPorts' | 'onHostPortsChange'>
  run: Command
  clock: Clock
  log: Log
  settings: Pick<RuleInput, 'nodeName' | 'nodeIp' | 'apiPort' | 'podCidr' | 'serviceCidr' | 'localIps'>
  /** The ranges of the second family, in a dual-stack cluster. */
  ipv6?: Pick<RuleInput, 'podCidr' | 'serviceCidr'> | undefined
  /** Of kube-proxy's health and status servers; they are started beside the rules. */
  ports?: { healthz: number; status: number }
}

/** Minimum time between two writes of the rules, ms: a burst of changes is one write. */
const quiet = 30
/** Writes that have failed for this long make the proxy unhealthy, ms (kube-proxy: twice its sync period). */
const healthTimeout = 60_000
export const healthzPort = 10_256
export const statusPort = 10_249
const zoneLabel = 'topology.kubernetes.io/zone'
const serviceLabel = 'kubernetes.io/service-name'

/** Keeps this node's packet rules in sync with Services and their endpoints. */
export async function startProxy({
  services,
  slices,
  nodes,
  network,
  run,
  clock,
  log,
  settings,
  ipv6,
  ports = { healthz: healthzPort, status: statusPort },
}: ProxyOptions): Promise<Stop> {
  slices.addIndex('service', ({ metadata }) => {
    const service = metadata.labels?.[serviceLabel]
    return service && `${metadata.namespace}/${service}`
  })
  const writers = [
    { ranges: {}, writer: createRuleWriter('IPv4', run) },
    ...(ipv6 ? [{ ranges: ipv6, writer: createRuleWriter('IPv6', run) }] : []),
  ]
  /** Lines that are logged already; one that recurs later is logged again. */
  let ignored = new Set<string>()
  /** Error of the last write, until a write succeeds. */
  let failure: string | undefined
  let lastUpdated = clock.now()
  /** Since when writes fail. */
  let failingSince: number | undefined
  let scheduled: Stop | undefined
  let writing = false
  let stopped = false

  const write = async (): Promise<void> => {
    const zone = nodes.get(settings.nodeName)?.metadata.labels?.[zoneLabel]
    const input = {
      ...settings,
      ...(zone ? { zone } : {}),
      services: services.list(),
      slicesOf: (namespace: string, name: string) => slices.byIndex('service', `${namespace}/${name}`),
      hostPorts: network.hostPorts(),
    }
    const rendered = writers.map(({ ranges, writer }) => ({ writer, rules: writer.render({ ...input, ...ranges }) }))
    const lines = rendered.flatMap(({ rules }) => rules.ignored)
    for (const line of lines) if (!ignored.has(line)) log.warn('left out of the service rules', { field: line })
    ignored = new Set(lines)
    const failures: unknown[] = []
    // One after the other. What the kernel refuses of one family keeps the other from nothing.
    for (const { writer, rules } of rendered)
      await writer.write(rules).catch((error: unknown) => void failures.push(error))
    if (failures.length > 0) throw failures[0]
    failure = undefined
    failingSince = undefined
    lastUpdated = clock.now()
    // A Service of both families has its endpoints twice: those of IPv4 count.
    health.serve(new Map([...rendered].reverse().flatMap(({ rules }) => [...rules.healthChecks])))
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
      failingSince ??= clock.now()
      schedule(1_000)
    })
  const health = startProxyHealth({
    healthzPort: ports.healthz,
    statusPort: ports.status,
    host: settings.nodeIp,
    state: () => ({
      healthy: failingSince === undefined || clock.now() - failingSince < healthTimeout,
      lastUpdated,
      nodeEligible: isEligible(nodes.get(settings.nodeName)),
    }),
    now: () => clock.now(),
    log,
  })
  await Promise.all([services.synced, slices.synced])
  await writeOrRetry()
  const change = { added: () => schedule(), updated: () => schedule(), deleted: () => schedule() }
  const zoneChange = {
    added: ({ metadata }: Node) => {
      if (metadata.name === settings.nodeName) schedule()
    },
    updated: (previous: Node, node: Node) => {
      const isOther = previous.metadata.labels?.[zoneLabel] !== node.metadata.labels?.[zoneLabel]
      if (node.metadata.name === settings.nodeName && isOther) schedule()
    },
  }
  const stops = [
    nodes.onChange(zoneChange),
    services.onChange(change),
    slices.onChange(change),
    network.onHostPortsChange(() => schedule()),
    health.stop,
  ]
  return () => {
    stopped = true
    void scheduled?.()
    for (const stop of stops) void stop()
  }
}

/** kube-proxy fails its health check on a node that is being removed (KEP-3836). */
const isEligible = (node: Node | undefined): boolean =>
  node?.metadata.deletionTimestamp === undefined &&
  !node?.spec?.taints?.some(({ key }) => key === 'ToBeDeletedByClusterAutoscaler')

/** The programs for a family, and what `conntrack` is told of it. */
const tools = {
  IPv4: { tables: 'iptables', conntrack: [] },
  IPv6: { tables: 'ip6tables', conntrack: ['--family', 'ipv6'] },
} as const

interface RuleWriter {
  render(input: RuleInput): Rules
  /**
   * Writes what differs from the kernel's rules, and ends flows of UDP whose endpoint is gone; after a failure the chains in place
   * are read again. @throws Error
   */
  write(rules: Rules): Promise<void>
}

/** Keeps the rules of one family. */
function createRuleWriter(family: IpFamily, run: Command): RuleWriter {
  const { tables, conntrack } = tools[family]
  const render = createRuleRenderer()
  let written: Rules | undefined
  let isHooked = false
  return {
    render: (input) => render({ ...input, family }),
    async write(rules) {
      const previous = written ?? (await chainsInPlace(run, tables))
      const text = restoreInput(rules, previous)
      written = undefined
      if (text) await run(`${tables}-restore`, ['--noflush', '--wait', '5'], text)
      written = rules
      // The built-in chains can jump to ours once these exist.
      if (!isHooked) await hookIn(run, tables)
      isHooked = true
      for (const match of stalePaths(rules.udp, previous.udp))
        // Fails when there is no matching entry.
        await run('conntrack', ['--delete', ...conntrack, '--proto', 'udp', ...match]).catch(() => undefined)
    },
  }
}

/** Chains left by an earlier agent, with unknown rules: needed ones are written again, the others removed. */
async function chainsInPlace(run: Command, tables: string): Promise<Rules> {
  const chainsOf = async (table: string): Promise<Rules['nat']> => {
    const text = await run(`${tables}-save`, ['-t', table])
    return new Map([...text.matchAll(/^:(SLIP\S+)/gm)].map(([, chain = '']) => [chain, ['unknown']]))
  }
  const [nat, filter] = await Promise.all([chainsOf('nat'), chainsOf('filter')])
  return { ...emptyRules(), nat, filter }
}

/** Adds the jumps from the built-in chains to ours, once. */
async function hookIn(run: Command, tables: string): Promise<void> {
  for (const [table, pairs] of Object.entries(hooks)) {
    for (const [from, to] of pairs) {
      const rule = ['-t', table, '--wait', '5']
      await run(tables, [...rule, '-C', from, '-j', to]).catch(() => run(tables, [...rule, '-I', from, '1', '-j', to]))
    }
  }
}
