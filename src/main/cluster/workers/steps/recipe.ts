import type { Clock } from '#shared/base/clock.ts'
import type { NewWorker, WorkerFile, WorkerMachine, WorkerProvider } from '../provider.ts'

export interface VersionedFiles {
  files: WorkerFile[]
  /** Changes with the build and with the authorities. */
  version: string
}

/** What the steps of provisioning work with. */
export interface WorkerRecipe {
  /** Of all workers that shall be up afterwards. */
  names: readonly string[]
  provider: WorkerProvider
  sizeOf(name: string): Pick<NewWorker, 'cpus' | 'memoryBytes'>
  clock: Clock
  /** The machines as last read, by name. */
  machines(): ReadonlyMap<string, WorkerMachine>
  /** Reads the machines anew. */
  refresh(): Promise<void>
  /** Agent, configuration and keys of a worker. */
  filesOf(name: string): Promise<VersionedFiles>
  /** Deletes the worker's Node; nothing happens when it is not there. */
  removeNode(name: string): Promise<void>
  /** Resolves when the tunnel to the worker is up. */
  connected(name: string, signal: AbortSignal): Promise<void>
  /** Resolves when the worker's Node is Ready. */
  ready(name: string, signal: AbortSignal): Promise<void>
}
