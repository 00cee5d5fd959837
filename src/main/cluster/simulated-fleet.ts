import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import type { ClusterSpec, Simulation, Worker } from '#shared/contract/clusters.ts'
import { stepTitles } from '#shared/contract/step-titles.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import { nodes } from '#shared/kube/resources.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Fleet } from './fleet.ts'
import { runSteps } from './workers/steps/run-steps.ts'
import type { SimulatedNodeApi } from './workers/simulated/node-api.ts'
import type { NodeShape } from './workers/simulated/simulated-node.ts'
import { createSimulatedWorkers } from './workers/simulated/simulated-workers.ts'

export interface SimulatedFleetOptions {
  plane: ControlPlane
  spec: Pick<ClusterSpec, 'name' | 'cpus' | 'memoryBytes' | 'simulation'>
  clock: Clock
  log: Log
}

export interface SimulatedFleet extends Fleet {
  /** Answers of the workers' kubelets. */
  readonly api: SimulatedNodeApi
}

/** A fleet of simulated workers: for trying the app without a Docker Engine, and for tests at scale. */
export function createSimulatedFleet({ plane, spec, clock, log }: SimulatedFleetOptions): SimulatedFleet {
  const nodeInformer = plane.informers.share(nodes)
  const shape: NodeShape = { cpus: spec.cpus ?? 8, memoryBytes: spec.memoryBytes ?? 32 * 2 ** 30, pods: 110 }
  const simulation = createSimulatedWorkers({
    client: plane.client,
    clock,
    log,
    count: 0,
    namePrefix: `${spec.name}-worker`,
    shapeOf: (serial) => shapeOf(serial, shape, spec.simulation ?? {}),
    settings: new Map(Object.entries(spec.simulation?.pods ?? {})),
  })
  /** By what act a worker has fallen silent. */
  const silencedAs = new Map<string, Worker['state']>()
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const stopNodes = nodeInformer.onChange({ added: changed, updated: changed, deleted: changed })
  const started = simulation.start()

  const view = (name: string): Worker => {
    const silent = simulation.isSilent(name)
    const node = nodeInformer.get(name)
    const ready = !silent && node !== undefined && isNodeReady(node)
    return { name, state: silent ? (silencedAs.get(name) ?? 'stopped') : 'running', ready, simulated: true }
  }
  const silence =
    (state: Worker['state']) =>
    (name: string): Promise<void> => {
      silencedAs.set(name, state)
      simulation.silence(name)
      changed()
      return Promise.resolve()
    }
  const wake = async (name: string): Promise<void> => {
    await simulation.wake(name)
    changed()
  }

  return {
    api: simulation,
    stats: { summary: (name) => Promise.resolve(simulation.summary(name)) },
    workers: () =>
      simulation
        .names()
        .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
        .map(view),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async bringUp(names, work) {
      const register = async (): Promise<void> => {
        await started
        const known = new Set(simulation.names())
        await inParallel(
          names.filter((name) => !known.has(name)),
          16,
          (name) => simulation.add(name),
        )
      }
      await runSteps([{ id: 'simulate', title: stepTitles.simulate, run: register }], { ...work, clock })
      changed()
    },
    async remove(name, work) {
      await runSteps([{ id: 'remove', title: stepTitles.removeWorker, run: () => simulation.remove(name) }], {
        ...work,
        clock,
      })
      changed()
    },
    stopWorker: silence('stopped'),
    startWorker: wake,
    pauseWorker: silence('paused'),
    unpauseWorker: wake,
    killWorker: silence('dead'),
    output: () => Promise.resolve(''),
    certificates: () => new Map(),
    useMirrors: () => Promise.reject(new Error('simulated workers pull no images')),
    limit: () => Promise.reject(new Error('simulated workers have the size that they were made with')),
    // Their pods are objects alone, which are read at one revision anyway.
    frozen: (task) => task(),
    async stop() {
      await stopNodes()
      await simulation.stop()
    },
  }
}

const defaultZones = 3

/** The shape of a worker, by the number in its name. */
export function shapeOf(
  serial: number,
  others: NodeShape,
  { nodes: kinds = [], zones = defaultZones, region = 'simulated' }: Simulation,
): NodeShape {
  let last = 0
  const kind = kinds.find(({ count }) => serial <= (last += count))
  const zone = String(((Math.max(1, serial) - 1) % Math.max(1, zones)) + 1)
  return {
    cpus: kind?.cpus ?? others.cpus,
    memoryBytes: kind?.memory === undefined ? others.memoryBytes : quantityValue(kind.memory),
    pods: kind?.pods ?? others.pods,
    labels: {
      ...(zones > 0 ? { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': zone } : {}),
      ...kind?.labels,
    },
    taints: (kind?.taints ?? []).map(({ key, value, effect }) => ({ key, effect, ...(value ? { value } : {}) })),
    ...(kind?.resources ? { resources: kind.resources } : {}),
  }
}

async function inParallel<T>(items: readonly T[], width: number, task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  await Promise.all(
    Array.from({ length: Math.min(width, queue.length) }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item)
    }),
  )
}
