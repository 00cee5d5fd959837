import type { Stop } from '#shared/base/disposable.ts'

/** Port of the kubelet on a worker's address (status.daemonEndpoints of its Node). */
export const kubeletPort = 10250

/**
 * Port inside a new worker on which its agent listens for the host. Workers made before the kubelet's port was served
 * have 10250 for it, and keep it: a container's published ports cannot change.
 */
export const agentPort = 10650

/** File inside every worker that names the version of the files with which its agent was started. */
export const agentVersionFile = '/etc/slipway/agent.version'

/** Where workers come from: the host's Docker Engine. Simulated ones need none of this. */
export interface WorkerProvider {
  /** Workers of this cluster, whatever their state. */
  list(): Promise<WorkerMachine[]>
  /** @throws Error for the user when no engine answers */
  checkEngine(): Promise<string>
  ensureImage(work: {
    log(line: string): void
    bytes(done: number, total?: number): void
    signal: AbortSignal
  }): Promise<void>
  /**
   * @param log told of ranges of addresses that collide @returns whether it was created by this call
   * @throws Error for the user where no range is free
   */
  ensureNetwork(log?: (line: string) => void): Promise<boolean>
  /** The volume of the cluster's data, which all workers have mounted. @returns whether it was created by this call */
  ensureVolume(): Promise<boolean>
  /** Creates a worker with its files, without starting it. */
  create(worker: NewWorker): Promise<void>
  start(name: string): Promise<void>
  /** Shuts the worker down in order; its data is kept. */
  stop(name: string): Promise<void>
  pause(name: string): Promise<void>
  unpause(name: string): Promise<void>
  /** Ends the worker at once, as a power cut would. */
  kill(name: string): Promise<void>
  /** The last output of a worker that has ended. */
  lastOutput(name: string): Promise<string>
  /** Removes the worker with its volumes; nothing happens when it is not there. */
  remove(name: string): Promise<void>
  /** Replaces files inside a worker, running or not. */
  putFiles(name: string, files: readonly WorkerFile[]): Promise<void>
  /**
   * Restarts the agent of a running worker unless it was started with `version` of its files; pods are not affected.
   * @param version any text that changes with the files
   */
  restartStaleAgent(name: string, version: string): Promise<void>
  /** Removes the cluster's network. */
  removeNetwork(): Promise<void>
  /** Removes the cluster's volume, with all data. */
  removeVolume(): Promise<void>
  /** Calls `listener` whenever a worker of this cluster has changed its state. */
  onChange(listener: () => void): Stop
}

export interface WorkerMachine {
  name: string
  state: 'running' | 'stopped' | 'paused' | 'dead'
  /** Port of 127.0.0.1 of its tunnel, while it runs. */
  port?: number
  /** Port inside the worker that it leads to. */
  agentPort: number
  /** Address on the cluster's network, while it runs. */
  address?: string
}

export interface NewWorker {
  name: string
  /** CPU limit in cores; none when unset. */
  cpus?: number | undefined
  /** Memory limit in bytes; none when unset. */
  memoryBytes?: number | undefined
  /** URL of a mirror of docker.io; none when unset. */
  registryMirror?: string | undefined
  files: readonly WorkerFile[]
}

export interface WorkerFile {
  /** Absolute, inside the worker. */
  path: string
  content: string | Uint8Array
  mode: number
}
