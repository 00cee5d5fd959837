import { stepTitles } from '#shared/contract/step-titles.ts'
import { join } from 'node:path'
import type { KeyFiles } from '#main/keys/key-files.ts'
import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { mirrorsOf, type ClusterSpec } from '#shared/contract/clusters.ts'
import { asStep } from './as-step.ts'
import { startControlPlane, type ControlPlane, type ThreadEntries } from './control-plane.ts'
import type { HostEngine } from './engine.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { HostImages } from './host-images.ts'
import { rangesOf } from './ranges.ts'
import { createTunnels, type Tunnels } from './network/tunnel.ts'
import { createSimulatedFleet } from './simulated-fleet.ts'
import { readKubeletConfiguration } from './workers/configuration/read.ts'
import { hostCredentials } from './workers/docker/host-credentials.ts'
import { createSimulatedConnector } from './workers/simulated/node-api.ts'
import type { Work } from './workers/steps/run-steps.ts'

export interface OpenClusterOptions {
  /** The cluster's folder; missing contents are created. */
  dir: string
  spec: ClusterSpec
  /** Names of the workers that the cluster must have. */
  workers: string[]
  work: Work
  engine: HostEngine
  /** The agent's bundle. */
  agentBundle: string
  threads: ThreadEntries
  /** How the cluster's keys are stored; as files of mode 0600 when unset. */
  keys?: KeyFiles
  /** Further metrics of the process, as Prometheus text. */
  metrics?: readonly { text(): string }[]
  clock: Clock
  log: Log
}

interface Options extends OpenClusterOptions {
  hostImages: HostImages
}

export interface PlaneAndFleet {
  plane: ControlPlane
  tunnels: Tunnels
  fleet: Fleet
  /** Resolves when all workers are Ready; rejects with an Error for the user, after undoing what was created. */
  raised: Promise<void>
}

/**
 * Starts the control plane while Docker workers are created and started: neither needs the other before they connect, and
 * the one computes here while the others wait for the engine. Simulated workers start after it, through its API.
 * @throws Error for the user when the control plane does not start, after the workers are undone
 */
export async function startPlaneAndFleet(options: Options): Promise<PlaneAndFleet> {
  const { spec, work, clock, log } = options
  if (spec.simulated) return startSimulated(options)
  const kubelet = await readKubeletConfiguration(join(options.dir, 'kubelet.yaml'))
  const answering = Promise.withResolvers<ControlPlane>()
  answering.promise.catch(() => undefined)
  let started: Omit<PlaneAndFleet, 'plane'> | undefined

  const startFleet = (pki: ControlPlane['pki'], tunnels: Tunnels): void => {
    const { cpus, memoryBytes, workerLimits = {}, registryPort } = spec
    const fleet = createFleet({
      name: spec.name,
      spec: {
        ...(cpus ? { cpus } : {}),
        ...(memoryBytes ? { memoryBytes } : {}),
      },
      workerLimits,
      registryPort,
      mirrors: mirrorsOf(spec),
      kubelet,
      ranges: rangesOf(spec),
      provider: options.engine.providerFor(spec.name, spec),
      pki,
      tunnels,
      plane: answering.promise,
      agentBundle: options.agentBundle,
      clock,
      log,
    })
    const raised = fleet.bringUp(options.workers, work)
    raised.catch(() => undefined)
    started = { tunnels, fleet, raised }
  }

  try {
    const plane = await startPlane(options, (pki, apiServerPort) => {
      const tunnels = tunnelsOf(options, pki, apiServerPort)
      startFleet(pki, tunnels)
      return tunnels
    })
    if (!started) throw new Error('the control plane has made no tunnels')
    answering.resolve(plane)
    return { plane, ...started }
  } catch (error) {
    answering.reject(error)
    await started?.raised.catch(() => undefined)
    await started?.fleet.stop('keep')
    await started?.tunnels.stop()
    throw error
  }
}

async function startSimulated(options: Options): Promise<PlaneAndFleet> {
  const { spec, work, clock, log } = options
  const connector = createSimulatedConnector()
  const plane = await startPlane(options, (pki, apiServerPort) => ({
    ...tunnelsOf(options, pki, apiServerPort),
    ...connector,
  }))
  const fleet = createSimulatedFleet({ plane, spec, clock, log })
  // From now on the API server's requests to the fleet's nodes are answered by it.
  connector.attach(fleet.api)
  const raised = fleet.bringUp(options.workers, work)
  raised.catch(() => undefined)
  return { plane, tunnels: plane.connector, fleet, raised }
}

const startPlane = (
  options: Options,
  connector: (pki: ControlPlane['pki'], apiServerPort: number) => Tunnels,
): Promise<ControlPlane<Tunnels>> =>
  asStep(options.work, options.clock, 'control-plane', stepTitles.plane, () =>
    startControlPlane({
      name: options.spec.name,
      dir: options.dir,
      threads: options.threads,
      featureGates: options.spec.featureGates,
      ranges: rangesOf(options.spec),
      connector,
      ...(options.keys ? { keys: options.keys } : {}),
      ...(options.metrics ? { metrics: options.metrics } : {}),
      clock: options.clock,
      log: options.log,
    }),
  )

const tunnelsOf = (
  { spec, hostImages, clock, log }: Options,
  pki: ControlPlane['pki'],
  apiServerPort: number,
): Tunnels =>
  createTunnels({
    tls: { ca: pki.tunnel.ca, ...pki.tunnel.host },
    apiServerPort: () => apiServerPort,
    registryPort: () => spec.registryPort,
    fetchImage: hostImages.open,
    findImage: hostImages.find,
    credentials: hostCredentials,
    clock,
    log,
  })
