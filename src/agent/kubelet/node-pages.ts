import { release } from 'node:os'
import { RequestRefused } from '#shared/base/request-edge.ts'
import { createFamilies, textFormat } from '#shared/base/prometheus-text.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeletSettings } from '#shared/kube/kubelet/settings.ts'
import type { Stored } from '#shared/kube/object.ts'
import { configurationOf } from './configuration.ts'
import { osImage, readId } from './node.ts'
import type { Runtime } from './runtime/runtime.ts'
import { cadvisorMetrics, type CadvisorFacts } from './stats/cadvisor-metrics.ts'
import type { Cgroups } from './stats/cgroup.ts'
import { deviceName, deviceOf } from './stats/devices.ts'
import type { KubeletMetrics } from './stats/kubelet-metrics.ts'
import { readMachine } from './stats/machine.ts'
import { resourceMetrics } from './stats/resource-metrics.ts'
import { cgroupOf, type Snapshot, type Snapshots } from './stats/snapshot.ts'
import { engineRoot, type Storage, type StorageReader } from './stats/storage.ts'
import { summaryOf } from './stats/summary.ts'

/** What a kubelet says of its node in answer to GET: health, statistics, metrics, pods, configuration. */
export interface NodePages {
  /** @param segments of the path, decoded @returns what makes the page; undefined when there is no such page */
  find(segments: readonly string[], query: URLSearchParams): (() => Promise<Page>) | undefined
}

export interface Page {
  type: string
  body: string
}

export interface NodePagesOptions {
  node: { name: string; ip: string; ip6?: string; cpuMillis: number; memoryBytes: number }
  dns: { clusterDns: string; clusterDomain: string }
  settings: KubeletSettings
  pods(): Stored<Pod>[]
  runtime: Pick<Runtime, 'containers' | 'version'>
  cgroups: Cgroups
  snapshots: Snapshots
  storage: StorageReader
  metrics: KubeletMetrics
  /** Metrics of the agent as a process, in Prometheus' text format. */
  processMetrics(): string
  /** Whether the node's own port is served. */
  isServing(): boolean
}

type MakePage = (query: URLSearchParams) => Promise<Page>

export function createNodePages(options: NodePagesOptions): NodePages {
  const { snapshots, storage, metrics, runtime } = options
  const pages: Readonly<Record<string, MakePage>> = {
    healthz: async () => ({ type: plainText, body: 'ok' }),
    ...Object.fromEntries(checks.map((name) => [`healthz/${name}`, async () => ({ type: plainText, body: 'ok' })])),
    'stats/summary': (query) => summary(options, query),
    metrics: async () =>
      metricsPage(
        await metrics.text({
          pods: options.pods().map((pod) => ({ pod, containers: runtime.containers(pod.metadata.uid) })),
          volumes: await volumesOf(options),
          others: options.processMetrics(),
        }),
      ),
    'metrics/resource': async () => metricsPage(resourceMetrics(await snapshots.take().catch(() => undefined))),
    'metrics/cadvisor': oncePerSnapshot(options, async (snapshot) =>
      metricsPage(cadvisorMetrics(snapshot, await storage.of(snapshot), await cadvisorFacts(options))),
    ),
    'metrics/probes': async () => metricsPage(metrics.probesText()),
    'metrics/slis': async () => metricsPage(healthText()),
    pods: async () => jsonPage(podList(options.pods())),
    runningpods: async () => jsonPage(podList(runningPods(options))),
    configz: async () =>
      jsonPage(
        configurationOf({
          ...options.dns,
          ip: options.node.ip,
          isServing: options.isServing(),
          settings: options.settings,
        }),
      ),
  }
  return {
    find(segments, query) {
      const path = segments.join('/').replace(/\/$/, '')
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined
      return page && (() => page(query))
    },
  }
}

const plainText = 'text/plain; charset=utf-8'
const metricsPage = (body: string): Page => ({ type: textFormat, body })
const jsonPage = (value: unknown): Page => ({ type: 'application/json', body: JSON.stringify(value) })

/** None when the node cannot be measured: the other metrics do not depend on it. */
async function volumesOf({ snapshots, storage }: NodePagesOptions): Promise<Storage['volumes']> {
  try {
    return (await storage.of(await snapshots.take())).volumes
  } catch {
    return new Map()
  }
}

/** The kubelet's health checks. Who can be asked is healthy: they have no other state here. */
const checks = ['ping', 'log', 'syncloop']

function healthText(): string {
  const families = createFamilies()
  for (const name of checks)
    families.add('kubernetes_healthcheck', '[STABLE] Result of a health check: 1 is healthy.', 'gauge', {
      labels: { name, type: 'healthz' },
      value: 1,
    })
  return families.text()
}

async function summary({ snapshots, storage, node }: NodePagesOptions, query: URLSearchParams): Promise<Page> {
  const onlyCpuAndMemory = boolean(query, 'only_cpu_and_memory')
  const snapshot = await snapshots.take()
  const facts = { ...node, ...readMachine() }
  return jsonPage(summaryOf(snapshot, facts, onlyCpuAndMemory ? undefined : await storage.of(snapshot)))
}

/** In the spellings that Go's strconv.ParseBool takes. @throws RequestRefused 400 */
function boolean(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? ''
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  if (['', '0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false
  throw new RequestRefused(400, `${name} is not a valid boolean`)
}

/** A page that follows from the snapshot is made once for each. */
function oncePerSnapshot({ snapshots }: NodePagesOptions, make: (snapshot: Snapshot) => Promise<Page>): MakePage {
  let last: { snapshot: Snapshot; page: Promise<Page> } | undefined
  return async () => {
    const snapshot = await snapshots.take()
    if (last?.snapshot !== snapshot) last = { snapshot, page: make(snapshot) }
    return last.page
  }
}

async function cadvisorFacts({ node, runtime, cgroups }: NodePagesOptions): Promise<CadvisorFacts> {
  const engine = await runtime.version().catch(() => undefined)
  const { swapBytes } = readMachine()
  const id = readId('/etc/machine-id')
  return {
    machine: {
      machineId: id,
      systemUuid: id,
      bootId: readId('/proc/sys/kernel/random/boot_id'),
      cpus: node.cpuMillis / 1_000,
      memoryBytes: node.memoryBytes,
      swapBytes,
    },
    version: { kernel: release(), os: osImage, docker: engine?.version ?? '' },
    engineDevice: deviceOf(engineRoot),
    details: (container) => cgroups.details(container ? cgroupOf(container.observed) : '/'),
    deviceName,
  }
}

const podList = (items: readonly object[]): object => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items })

/** Pods as the runtime knows them: names, and running containers with their images. */
function runningPods({ pods, runtime }: NodePagesOptions): object[] {
  return pods().flatMap(({ metadata: { name, namespace, uid } }) => {
    const running = runtime.containers(uid).filter(({ sandbox, state }) => !sandbox && state === 'running')
    if (running.length === 0) return []
    const containers = running.map((container) => ({ name: container.name, image: container.image, resources: {} }))
    return [{ metadata: { name, namespace, uid }, spec: { containers }, status: {} }]
  })
}
