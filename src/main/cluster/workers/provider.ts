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
  /** The last lines that its first process and its agent have written; five when unset. */
  lastOutput(name: string, lines?: number): Promise<string>
  /** Changes the limits of a worker, running or not; one that is unset stays as it is. @throws Error for the user */
  limit(name: string, limits: WorkerLimits): Promise<void>
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
  /** The data of the cluster's volume. */
  readonly volume: VolumeCopy
  /** Bytes on disk: of each worker's engine and kubelet, and of the cluster's volume. */
  diskUse(): Promise<DiskUse>
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

/**
 * The cluster's volume as a tar: byte for byte, with owners, modes, times, extended attributes, access lists, hard links and
 * holes.
 */
export interface VolumeCopy {
  /** The folders of the volumes; none where there is no volume. */
  folders(): Promise<string[]>
  /** Its content. @throws Error while it is read */
  read(): AsyncIterable<Buffer>
  /** Puts a content beside what is there; `commit` or `discard` ends it. @throws Error that says what is wrong with it */
  stage(archive: AsyncIterable<Uint8Array>): Promise<void>
  /** What was staged takes the place of what is there. */
  commit(): Promise<void>
  /** What was there is there again, also amid a commit that was broken off. @returns false where a commit was complete, or nothing staged */
  discard(): Promise<boolean>
  /** Removes what a process that was killed has left of copies under way. */
  sweep(): Promise<void>
}

export interface DiskUse {
  workers: { name: string; engineBytes: number; kubeletBytes: number }[]
  volumesBytes: number
}

export interface WorkerLimits {
  /** CPU limit in cores; none when unset. */
  cpus?: number | undefined
  /** Memory limit in bytes; none when unset. */
  memoryBytes?: number | undefined
}

export interface NewWorker extends WorkerLimits {
  name: string
  files: readonly WorkerFile[]
}

export interface WorkerFile {
  /** Absolute, inside the worker. */
  path: string
  content: string | Uint8Array
  mode: number
}
