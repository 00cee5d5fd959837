import type { Stop } from '#shared/base/disposable.ts'
import type { Step, Worker } from '#shared/contract/clusters.ts'

/** A running control plane with its workers. */
export interface RunningCluster {
  readonly name: string
  /** `https://127.0.0.1:<port>` */
  readonly server: string
  /** The administrator's credentials, PEM; never leave the main process. */
  readonly admin: { ca: string; cert: string; key: string }
  /** Kubeconfig text of the administrator. */
  kubeconfig(): string

  workers(): Worker[]
  onWorkersChanged(listener: () => void): Stop
  /** Makes new workers and waits until they are Ready; undone on failure or abort. @throws Error for the user */
  addWorkers(names: string[], work: Work): Promise<void>
  removeWorker(name: string, work: Work): Promise<void>
  stopWorker(name: string): Promise<void>
  startWorker(name: string): Promise<void>
  pauseWorker(name: string): Promise<void>
  unpauseWorker(name: string): Promise<void>
  killWorker(name: string): Promise<void>

  /** Stops in order: workers as told (`keep` leaves them running), then controllers, API server, store. */
  stop(options: { workers: 'stop' | 'keep' | 'remove' }): Promise<void>
}

/** How a long piece of work reports itself, and how it is called off. */
export interface Work {
  /** A step began, went on or ended; steps are told by their id. */
  progress(step: Step): void
  log(line: string): void
  signal: AbortSignal
}
