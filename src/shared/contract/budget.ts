import type { Cluster, ClusterSpec, Engine, WorkerLimits } from './clusters.ts'

/** What a worker without limits takes at least: its engine, its agent and a few pods; bytes. */
const leastMemory = 512 * 2 ** 20

/** The limits of all workers of clusters that run, beside what containers may use of the machine. */
export interface Budget {
  cpus: number
  memoryBytes: number
  /** Workers without a limit of their memory, each of which may use all that is left. */
  unlimited: number
  machine: { cpus: number; memoryBytes: number } | undefined
  /** The limits of memory, and the least of workers without, are more than the machine has. */
  exceedsMemory: boolean
}

type Sized = Pick<Cluster, 'name' | 'state' | 'simulated' | 'spec' | 'workers'>

/**
 * Only memory makes a cluster not fit: processors that are promised twice are shared, memory that is promised twice ends pods.
 * @param adding a cluster that is about to be made or started, with the names of its workers where it has any
 */
export function budgetOf(clusters: readonly Sized[], engine: Engine | undefined, adding?: ClusterSpec): Budget {
  const running = clusters.filter(
    ({ state, simulated, name }) => state !== 'stopped' && state !== 'failed' && !simulated && name !== adding?.name,
  )
  const limits = running.flatMap(({ spec, workers }) => workers.map(({ name }) => limitsOf(spec, name)))
  if (adding && adding.simulated !== true) limits.push(...limitsOfNew(adding))
  const memory = limits.map(({ memoryBytes }) => memoryBytes ?? leastMemory)
  const memoryBytes = memory.reduce((sum, each) => sum + each, 0)
  const machine =
    engine?.cpus && engine.memoryBytes ? { cpus: engine.cpus, memoryBytes: engine.memoryBytes } : undefined
  return {
    cpus: limits.reduce((sum, { cpus = 0 }) => sum + cpus, 0),
    memoryBytes,
    unlimited: limits.filter((each) => each.memoryBytes === undefined).length,
    machine,
    exceedsMemory: machine !== undefined && limits.length > 0 && memoryBytes > machine.memoryBytes,
  }
}

/** The limits of one worker: its own, else its cluster's; undefined where it may use all. */
export const limitsOf = ({ cpus, memoryBytes, workerLimits }: ClusterSpec, worker: string): WorkerLimits => ({
  ...(cpus === undefined ? {} : { cpus }),
  ...(memoryBytes === undefined ? {} : { memoryBytes }),
  ...workerLimits?.[worker],
})

const limitsOfNew = (spec: ClusterSpec): WorkerLimits[] =>
  Array.from({ length: spec.workers }, (_, index) => limitsOf(spec, `${spec.name}-worker-${index + 1}`))
