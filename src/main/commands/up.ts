import { writeFile, rename } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { defaultPodCidr, defaultServiceCidr, withIpv6 } from '#shared/kube/cluster-ranges.ts'
import { budgetOf } from '#shared/contract/budget.ts'
import { clusterSpec, type ClusterSpec, type Simulation } from '#shared/contract/clusters.ts'
import type { Command, OptionValues } from './command.ts'
import { ExpectedError } from './expected-error.ts'
import { startHeadless, type Headless } from './headless.ts'
import { number } from './number.ts'
import { simulationFrom } from './simulation-options.ts'
import { untilDeleted } from './until-deleted.ts'

export const upCommand: Command = {
  usage:
    'slipway up --name NAME [--workers N] [--data DIR] [--kubeconfig FILE] [--ui-port N] [--simulated N] [--registry PORT] [--registry-mirror [REGISTRY=]URL] [--pod-cidr RANGE] [--service-cidr RANGE] [--dual-stack] [--feature-gates G=true,…] [--rm]',
  summary: 'start a cluster and serve the app for it until stopped',
  help: [
    'Opens the cluster in the data folder, or creates it. When all workers are Ready, one JSON line goes to stdout:',
    '  {"ready":true,"name","server","ui","ingress","workers":[…],"ms"}',
    'Logs go to stderr. SIGTERM or SIGINT stops the workers and keeps their state. It ends with exit code 0 when the cluster is',
    'deleted, in the window or by `slipway delete`, unless other clusters run in it.',
    '',
    '  --name NAME        the cluster',
    '  --workers N        number of workers of a new cluster (0 to 9; default 3); 0: a control plane alone',
    '  --data DIR         the data folder; ~/.local/share/slipway when unset',
    '  --kubeconfig FILE  writes the administrator kubeconfig to FILE, mode 0600, replacing it',
    '  --ui-port N        the port of the app; when unset the last one, or any free one',
    '  --simulated N      N simulated workers instead of Docker ones (0 to 5000); see docs/simulated-workers.md',
    '  --simulate S=V     a setting of all simulated pods, such as start-delay=2s or cpu-usage=40%; may be repeated',
    '  --simulation FILE  YAML: zones, region, nodes (count, cpus, memory, pods, labels, taints, resources), pods (settings)',
    '  --zones N          zones over which simulated workers are spread (default 3; 0: none)',
    '  --cpus N           cores per worker',
    '  --memory-mib N     memory per worker',
    '  --registry PORT    a registry of images at localhost:PORT, for a new cluster; pods pull localhost:PORT/NAME from it',
    '  --pod-cidr RANGE, --service-cidr RANGE',
    '                     addresses of pods and Services, for a new cluster: 10.244.0.0/16 and 10.96.0.0/16 when unset;',
    '                     with a range of IPv6 after a comma each, the cluster is dual stack: 10.244.0.0/16,fd00:10:244::/56',
    '  --dual-stack       adds the default ranges of IPv6, fd00:10:244::/56 and fd00:10:96::/112, for a new cluster',
    '  --registry-mirror [REGISTRY=]URL',
    '                     a mirror that workers ask before REGISTRY (docker.io when unset), as they reach it, for a new cluster:',
    '                     ghcr.io=https://mirror.example.com/ghcr; may be repeated. `slipway mirror` changes them later',
    '  --feature-gates G=true,…',
    '                     turns on what Kubernetes v1.36 has off, in a new cluster: MaxUnavailableStatefulSet, ContainerStopSignals',
    '  --rm               removes the cluster with all its data on exit',
  ].join('\n'),
  options: {
    name: { type: 'string' },
    workers: { type: 'string' },
    data: { type: 'string' },
    kubeconfig: { type: 'string' },
    'ui-port': { type: 'string' },
    simulated: { type: 'string' },
    simulate: { type: 'string', multiple: true },
    simulation: { type: 'string' },
    zones: { type: 'string' },
    cpus: { type: 'string' },
    'memory-mib': { type: 'string' },
    registry: { type: 'string' },
    'registry-mirror': { type: 'string', multiple: true },
    'pod-cidr': { type: 'string' },
    'service-cidr': { type: 'string' },
    'dual-stack': { type: 'boolean' },
    'feature-gates': { type: 'string' },
    rm: { type: 'boolean' },
  },
  async run(values) {
    const begun = performance.now()
    const spec = specFrom(values, await simulationFrom(values))
    const app = await startHeadless({
      data: values.data as string | undefined,
      uiPort: number('--ui-port', values['ui-port'], 0, 0, 65_535),
    })
    const remove = values.rm === true
    let failure: unknown
    try {
      await bringUp(app, spec)
      await announce(app, spec.name, values.kubeconfig as string | undefined, begun)
      const asked = await Promise.race([app.ended, served(app, spec.name)])
      await app.stop(remove ? 'remove' : asked)
    } catch (error) {
      failure = error
      await app.stop(remove ? 'remove' : 'stop').catch(() => undefined)
    }
    if (failure !== undefined) throw failure as Error
    process.exit(0)
  },
}

function specFrom(values: OptionValues, simulation: Simulation | undefined): ClusterSpec {
  const simulated = values.simulated !== undefined
  const workers = simulated
    ? number('--simulated', values.simulated, 3, 0, 5_000)
    : number('--workers', values.workers, 3, 0, 9)
  const memory = number('--memory-mib', values['memory-mib'], 0, 256, 10_000_000)
  const parsed = clusterSpec.safeParse({
    name: values.name ?? 'dev',
    workers: Math.min(workers, 5_000),
    ...(simulated ? { simulated } : {}),
    ...(simulation ? { simulation } : {}),
    ...(values.cpus !== undefined ? { cpus: Number(values.cpus) } : {}),
    ...(memory ? { memoryBytes: memory * 2 ** 20 } : {}),
    ...(values['registry-mirror'] !== undefined
      ? { registryMirrors: mirrorsFrom(values['registry-mirror'] as string[]) }
      : {}),
    ...rangesFrom(values),
    ...(values['feature-gates'] !== undefined
      ? { featureGates: featureGatesFrom(values['feature-gates'] as string) }
      : {}),
    ...(values.registry !== undefined ? { registryPort: number('--registry', values.registry, 0, 1_024, 65_535) } : {}),
  })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ExpectedError(`--${optionOf(String(issue?.path[0] ?? 'name'))}: ${issue?.message ?? 'invalid'}`)
  }
  return parsed.data
}

/** `ghcr.io=https://mirror`; without a registry, of docker.io. Those of one registry are asked in their order. */
function mirrorsFrom(texts: readonly string[]): Record<string, string[]> {
  const mirrors: Record<string, string[]> = {}
  for (const text of texts) {
    const [, registry = 'docker.io', url = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? []
    ;(mirrors[registry] ??= []).push(url)
  }
  return mirrors
}

/** The ranges that the options give, with those of IPv6 where a dual-stack cluster is wanted. */
function rangesFrom({
  'pod-cidr': pods,
  'service-cidr': services,
  'dual-stack': isDual,
}: OptionValues): Pick<ClusterSpec, 'podCidr' | 'serviceCidr'> {
  if (isDual === true)
    return {
      podCidr: withIpv6(String(pods ?? defaultPodCidr), 'pods'),
      serviceCidr: withIpv6(String(services ?? defaultServiceCidr), 'services'),
    }
  return {
    ...(pods !== undefined ? { podCidr: String(pods) } : {}),
    ...(services !== undefined ? { serviceCidr: String(services) } : {}),
  }
}

/** `A=true,B=false`, as Kubernetes' own programs take it. */
function featureGatesFrom(text: string): Record<string, unknown> {
  const pairs = text.split(',').map((pair) => pair.split('='))
  return Object.fromEntries(pairs.map(([name = '', value]) => [name.trim(), isOn[value?.trim() ?? ''] ?? value]))
}

const isOn: Record<string, boolean | undefined> = { true: true, false: false }

/** The option that gives a field of the spec. */
const optionOf = (field: string): string =>
  ({
    featureGates: 'feature-gates',
    registryPort: 'registry',
    registryMirrors: 'registry-mirror',
    podCidr: 'pod-cidr',
    serviceCidr: 'service-cidr',
    memoryBytes: 'memory-mib',
  })[field] ?? field

/** Starts the existing cluster, or creates it; a signal meanwhile cancels the operation. */
async function bringUp({ back, ended }: Headless, spec: ClusterSpec): Promise<void> {
  const existing = back.clusters.list().find((cluster) => cluster.name === spec.name)
  const exists = existing !== undefined
  const { exceedsMemory, memoryBytes } = budgetOf(
    back.clusters.list(),
    await back.clusters.engine(),
    existing?.spec ?? spec,
  )
  if (exceedsMemory)
    process.stderr.write(
      `slipway: ${Math.round(memoryBytes / 2 ** 20)} MiB of memory are promised to workers, more than this machine has\n`,
    )
  if (exists) back.clusters.start(spec.name)
  else back.clusters.create(spec)
  let under = true
  void ended.then(() => {
    if (under) back.clusters.cancel(spec.name)
  })
  await back.clusters.settled(spec.name).finally(() => (under = false))
}

/** Resolves when the cluster is deleted and no other one needs the app, which ends then. */
async function served({ back }: Headless, name: string): Promise<'stop'> {
  const { others } = await untilDeleted(back.clusters, name)
  const then = others.length > 0 ? `the app goes on for ${others.join(', ')}` : 'the app ends'
  process.stderr.write(`slipway: cluster "${name}" is deleted; ${then}\n`)
  return others.length > 0 ? new Promise<never>(() => undefined) : 'stop'
}

async function announce(
  { back, web }: Headless,
  name: string,
  kubeconfig: string | undefined,
  begun: number,
): Promise<void> {
  const cluster = back.clusters.running(name)
  if (kubeconfig !== undefined) await replaceFile(kubeconfig, cluster.kubeconfig())
  const workers = cluster.workers().map((worker) => worker.name)
  const ms = Math.round(performance.now() - begun)
  const { server, ingress } = cluster
  console.log(JSON.stringify({ ready: true, name, server, ui: web.signInUrl(), ingress, workers, ms }))
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, text, { mode: 0o600 })
  await rename(temporary, path)
}
