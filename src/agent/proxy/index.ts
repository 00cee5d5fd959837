import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { EndpointSlice, Service } from '#shared/kube/generated/types.ts'
import type { Command } from '../network/command.ts'
import type { PodNetwork } from '../network/pod-network.ts'
import { hooks, renderRules, type RuleInput } from './rules.ts'

export interface ProxyOptions {
  services: Informer<Service>
  slices: Informer<EndpointSlice>
  network: Pick<PodNetwork, 'hostPorts' | 'onHostPortsChange'>
  run: Command
  clock: Clock
  log: Log
  settings: Pick<RuleInput, 'nodeName' | 'nodeIp' | 'apiPort' | 'podCidr' | 'localIps'>
}

/** Least time between two writes of the rules, ms: a burst of changes is one write. */
const quiet = 30
const serviceLabel = 'kubernetes.io/service-name'

/** Keeps this node's packet rules in step with Services and their endpoints. */
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
    return service && `${metadata.namespace ?? ''}/${service}`
  })
  let chains = new Set<string>()
  let written = ''
  let scheduled: Stop | undefined
  let writing = false
  let stopped = false

  const write = async (): Promise<void> => {
    const rules = renderRules(
      {
        ...settings,
        services: services.list(),
        slicesOf: (namespace, name) => slices.byIndex('service', `${namespace}/${name}`),
        hostPorts: network.hostPorts(),
      },
      chains,
    )
    if (rules.text === written) return
    await run('iptables-restore', ['--noflush', '--wait', '5'], rules.text)
    chains = rules.chains
    written = rules.text
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
      write()
        .catch((error: unknown) => {
          log.error('service rules not written', { error: (error as Error).message })
          schedule(1_000)
        })
        .finally(() => (writing = false))
    })
  }
  await Promise.all([services.synced, slices.synced])
  await write()
  await hookIn(run)
  const change = { added: () => schedule(), updated: () => schedule(), deleted: () => schedule() }
  const stops = [services.onChange(change), slices.onChange(change), network.onHostPortsChange(() => schedule())]
  return () => {
    stopped = true
    void scheduled?.()
    for (const stop of stops) void stop()
  }
}

/** Leads the built-in chains to ours, once. */
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
