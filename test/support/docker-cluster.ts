import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHostEngine, openCluster, type HostEngine, type RunningCluster, type Work } from '#main/cluster/index.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog, type Log } from '#shared/base/log.ts'
import type { ClusterSpec, Step } from '#shared/contract/clusters.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'
import { threadEntries } from './thread-entries.ts'

/** A whole cluster in this process, whose workers are real containers of the engine on this machine. */
export interface DockerCluster {
  readonly cluster: RunningCluster
  readonly engine: HostEngine
  readonly workers: string[]
  /** A folder for the test's files; it goes with the cluster. */
  dir: string
  kubectl: Kubectl
  /**
   * Closes and opens the control plane on the same data, as a restart of the app does; workers go on meanwhile.
   * @param between runs while it is closed
   */
  reopen(between?: () => Promise<void>): Promise<void>
  /** Removes everything. */
  remove(): Promise<void>
}

const root = join(import.meta.dirname, '../..')

export const testEngine = (): HostEngine =>
  createHostEngine({
    imageContexts: join(root, 'resources'),
    labels: { 'slipway.dev/test': process.env.SLIPWAY_TEST ?? 'integration' },
  })

/** Work that nobody looks at; `steps` fills with what was reported last of each. */
export function silentWork(signal: AbortSignal = AbortSignal.timeout(240_000)): Work & { steps: Map<string, Step> } {
  const steps = new Map<string, Step>()
  return { steps, progress: (step) => void steps.set(step.id, step), log: () => undefined, signal }
}

const kubeletHead = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' }

/** @param options `name`: unique on this machine @throws Error when the recipe failed; it is then undone */
export async function startDockerCluster({
  name,
  count = 1,
  log = silentLog,
  work = silentWork(),
  memoryBytes,
  kubelet,
  ranges = {},
  featureGates,
}: {
  name: string
  count?: number
  log?: Log
  work?: Work
  /** Of each worker. */
  memoryBytes?: number
  /** Fields of its `kubelet.yaml`. */
  kubelet?: Record<string, unknown>
  /** Of pods and Services; the default ones of IPv4 when unset. */
  ranges?: Pick<ClusterSpec, 'podCidr' | 'serviceCidr'>
  featureGates?: ClusterSpec['featureGates']
}): Promise<DockerCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-docker-'))
  if (kubelet) await writeFile(join(dir, 'kubelet.yaml'), JSON.stringify({ ...kubeletHead, ...kubelet }))
  const engine = testEngine()
  const workers = Array.from({ length: count }, (_, index) => `${name}-worker-${index + 1}`)
  const open = (how: Work): Promise<RunningCluster> =>
    openCluster({
      dir,
      spec: { name, workers: count, ...(memoryBytes ? { memoryBytes } : {}), ...ranges, featureGates },
      workers,
      work: how,
      engine,
      agentBundle: process.env.SLIPWAY_AGENT ?? join(root, 'out/agent/agent.cjs'),
      threads: threadEntries,
      clock: systemClock,
      log,
    })
  let cluster: RunningCluster
  try {
    cluster = await open(work)
  } catch (error) {
    await rm(dir, { recursive: true })
    throw error
  }
  return {
    get cluster() {
      return cluster
    },
    engine,
    workers,
    dir,
    kubectl: createKubectl(join(dir, 'kubeconfig')),
    async reopen(between) {
      await cluster.stop({ workers: 'keep' })
      await between?.()
      cluster = await open(silentWork())
    },
    async remove() {
      await cluster.stop({ workers: 'remove' })
      await rm(dir, { recursive: true })
    },
  }
}
