import type { Duplex, Readable } from 'node:stream'
import type { Stop } from '#shared/base/disposable.ts'

/** What the kubelet asks of the engine beneath it; `docker.ts` is the inner Docker Engine. */
export interface Runtime {
  version(): Promise<{ version: string; os: string; architecture: string; kernel: string }>
  /** Reads what the engine holds and follows its events; `containers` is current from then on. */
  start(onChange: (podUid: string) => void): Promise<Stop>
  /** Everything of one pod, its sandbox too, newest attempt last. */
  containers(podUid: string): ObservedContainer[]
  podUids(): string[]

  createSandbox(sandbox: SandboxSpec): Promise<string>
  createContainer(container: ContainerSpec): Promise<string>
  /** @throws Error with the engine's reason, as the event shows it */
  startContainer(id: string): Promise<ObservedContainer>
  /** SIGTERM (or the image's signal), then SIGKILL after `grace` seconds. */
  stopContainer(id: string, grace: number): Promise<void>
  /** Changes the limits of a container that runs. @throws Error with the engine's reason */
  updateContainer(id: string, limits: Limits): Promise<void>
  removeContainer(id: string): Promise<void>

  hasImage(reference: string): Promise<ImageInfo | undefined>
  loadImage(tar: Readable): Promise<void>
  pullImage(reference: string): Promise<void>
  images(): Promise<{ names: string[]; sizeBytes: number }[]>

  exec(id: string, command: readonly string[], streams: { stdin: boolean; tty: boolean }): Promise<ExecSession>
  attach(id: string, streams: { stdin: boolean; tty: boolean }): Promise<AttachSession>
  logs(id: string, options: LogOptions): Promise<Readable>
}

export interface ObservedContainer {
  id: string
  podUid: string
  podNamespace: string
  podName: string
  /** Name in the pod; empty of a sandbox. */
  name: string
  sandbox: boolean
  attempt: number
  state: 'created' | 'running' | 'exited'
  /** 0 while it does not run. */
  pid: number
  exitCode: number
  oomKilled: boolean
  /** Why it could not be started. */
  error: string
  startedAt?: string
  finishedAt?: string
  image: string
  imageId: string
  tty: boolean
  /** Of the part of its spec that a running container cannot change. */
  hash: string
  createdAt: string
  /** As the engine applies them; 0 where there is no limit. */
  resources: { cpuShares: number; cpuQuota: number; memoryBytes: number }
}

/** Relative weight, and the quota in millicores; bytes. */
export interface Limits {
  cpuShares: number
  cpuQuotaMillis?: number
  memoryBytes?: number
}

export interface PodLabels {
  podUid: string
  podNamespace: string
  podName: string
}

export interface SandboxSpec extends PodLabels {
  hostname: string
  hostNetwork: boolean
  hostPid: boolean
  hostIpc: boolean
  sysctls: Record<string, string>
}

export interface ContainerSpec extends PodLabels, Limits {
  name: string
  attempt: number
  hash: string
  sandboxId: string
  image: string
  /** ENTRYPOINT and CMD when given. */
  command?: string[]
  args?: string[]
  workingDir?: string
  env: string[]
  mounts: Mount[]
  tty: boolean
  stdin: boolean
  stdinOnce: boolean
  user?: string
  groups: string[]
  privileged: boolean
  addCapabilities: string[]
  dropCapabilities: string[]
  readOnlyRoot: boolean
  noNewPrivileges: boolean
  seccomp?: string
  hostNetwork: boolean
  hostPid: boolean
  hostIpc: boolean
  /** Container whose processes it sees: the sandbox, or what it debugs. */
  pidOf?: string
  /** Instead of the image's own. */
  stopSignal?: string
  oomScoreAdj: number
}

export interface Mount {
  source: string
  target: string
  readOnly: boolean
  propagation: 'rprivate' | 'rslave' | 'rshared'
}

export interface ImageInfo {
  id: string
  digest: string
  user: string
  env: string[]
}

export interface ExecSession extends AttachSession {
  /** Once the output has ended. `failure`: it could not be run at all. */
  exit(): Promise<{ code: number; failure?: string }>
}

export interface AttachSession {
  stdin: Duplex
  stdout: Readable
  stderr: Readable
  resize(size: { columns: number; rows: number }): Promise<void>
  end(): void
}

export interface LogOptions {
  follow: boolean
  timestamps: boolean
  tail?: number
  /** Seconds since the epoch. */
  since?: number
}
