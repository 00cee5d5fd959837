import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startControlPlane, type ControlPlane } from '#main/cluster/control-plane.ts'
import { createSimulatedWorkers, type SimulatedWorkers } from '#main/cluster/workers/simulated/simulated-workers.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog, type Log } from '#shared/base/log.ts'
import { createKubectl, type Kubectl } from './kubectl.ts'
import { createLocalNode, type LocalNode } from './local-node.ts'
import { threadEntries } from './thread-entries.ts'

/** The whole control plane on disk, workers without machines, and a kubectl that administers it. */
export interface SimulatedCluster {
  plane: ControlPlane
  workers: SimulatedWorkers
  /** Answers exec, logs and port-forward for every pod. */
  node: LocalNode
  kubectl: Kubectl
  /** Warnings and errors that the control plane has logged. */
  readonly complaints: string[]
  /** A folder for the test's files; it goes with the cluster. */
  dir: string
  stop(): Promise<void>
}

export async function startSimulatedCluster({ count = 2 } = {}): Promise<SimulatedCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-cluster-'))
  const node = createLocalNode()
  node.cwd = dir
  const complaints: string[] = []
  const complain = (message: string, fields?: Record<string, unknown>): void =>
    void complaints.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { ...silentLog, warn: complain, error: complain, child: () => log }
  const plane = await startControlPlane({
    name: 'test',
    dir: join(dir, 'cluster'),
    threads: threadEntries,
    connector: () => node,
    podRanges: ['10.128.0.0/9'],
    clock: systemClock,
    log,
  })
  const workers = createSimulatedWorkers({
    client: plane.client,
    clock: systemClock,
    log: silentLog,
    count,
    namePrefix: 'worker',
  })
  await workers.start()
  const stopUsage = plane.usage.collect({ summary: (name) => Promise.resolve(workers.summary(name)) }, plane.informers)
  return {
    plane,
    workers,
    node,
    complaints,
    dir,
    kubectl: createKubectl(join(dir, 'cluster/kubeconfig')),
    async stop() {
      node.stop()
      await stopUsage()
      await workers.stop()
      await plane.stop()
      await rm(dir, { recursive: true })
    },
  }
}
