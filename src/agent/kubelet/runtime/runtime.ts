import type { Duplex, Readable } from 'node:stream'
import type { Stop } from '#shared/base/disposable.ts'
import type { RegistryAuth } from '#shared/kube/registry-credentials.ts'
import type { ContainerAttempt } from '#shared/kube/kubelet/container-attempt.ts'

/** Handlers of RuntimeClasses that mean the engine's own runtime. */
export const runtimeHandlers = ['', 'runc', 'crun']

/** The container runtime as the kubelet uses it; `docker.ts` implements it on the inner Docker Engine. */
export interface Runtime {
  /** Once it has answered, the same is told without asking it. */
  version(): Promise<{ version: string; os: string; architecture: string; kernel: string }>
  /** Lists the containers and follows their events; `containers` is current from then on. */
  start(onChange: (podUid: string) => void): Promise<Stop>
  /** All containers of one pod, including its sandbox, newest attempt last. */
  containers(podUid: string): ObservedContainer[]
  podUids(): string[]

  createSandbox(sandbox: SandboxSpec): Promise<string>
  /** Gives a sandbox that runs to another pod, lastingly. Its own hostname stays: its containers are told theirs. */
  adoptSandbox(id: string, pod: PodLabels & { hostname: string }): Promise<ObservedContainer>
  createContainer(container: ContainerSpec): Promise<string>
  /** @throws Error with the engine's reason, as the event shows it */
  startContainer(id: string): Promise<ObservedContainer>
  /** SIGTERM (or the image's signal), then SIGKILL after `grace` seconds. */
  stopContainer(id: string, grace: number): Promise<void>
  /** Changes the limits of a running container. @throws Error with the engine's reason */
  updateContainer(id: string, limits: Limits): Promise<void>
  removeContainer(id: string): Promise<void>

  hasImage(reference: string): Promise<ImageInfo | undefined>
  loadImage(tar: Readable): Promise<void>
  /** @param auth for its registry @throws Error with the engine's reason */
  pullImage(reference: string, auth?: RegistryAuth): Promise<void>
  /** Gives an image another name. @throws Error with the engine's reason */
  tagImage(reference: string, repository: string, tag: string): Promise<void>
  /** Servers of registries that the engine asks without TLS. */
  insecureRegistries(): Promise<string[]>
  /** The layers of each image here, from the base up: digests of what is in them. */
  imageLayers(): Promise<(readonly string[])[]>
  /** All images, those without a name included. */
  images(): Promise<ListedImage[]>
  /** With all its names. Fails while a container is made from it. @throws Error with the engine's reason */
  removeImage(id: string): Promise<void>

  exec(id: string, command: readonly string[], streams: { stdin: boolean; tty: boolean }): Promise<ExecSession>
  attach(id: string, streams: { stdin: boolean; tty: boolean }): Promise<AttachSession>
  logs(id: string, options: LogOptions): Promise<Readable>
}

export interface ObservedContainer extends ContainerAttempt {
  podUid: string
  podNamespace: string
  podName: string
  /** Name in the pod; empty for a sandbox. */
  name: string
  sandbox: boolean
  /** 0 while it is not running. */
  pid: number
  image: string
  imageId: string
  /** As it was created with. */
  hostname?: string
  /** Of a sandbox in a user namespace of its own: the user of the node that its root is. */
  userNamespace?: number
  tty: boolean
  /** The engine's own file of its output, and the folder of what it has written to its root, where the engine says so. */
  logFile?: string
  layerFolder?: string
  /** Its control group is in this one; the engine's own, where unset. */
  cgroupParent?: string
  /** As the engine applies them; 0 = no limit. */
  resources: { cpuShares: number; cpuQuota: number; memoryBytes: number }
}

/** Relative weight, quota in millicores, and memory in bytes. */
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
  /** The user of the node that its root is: it has a user namespace of its own. */
  userNamespace?: number
}

export interface ContainerSpec extends PodLabels, Limits {
  name: string
  attempt: number
  hash: string
  sandboxId: string
  /** Where it is not that of the sandbox. */
  hostname?: string
  /** That of the sandbox. */
  userNamespace?: number
  /** The group that holds its control group; the engine's own, where unset. */
  cgroupParent?: string
  image: string
  /** ENTRYPOINT and CMD when given. */
  command?: string[]
  args?: string[]
  workingDir?: string
  env: string[]
  mounts: Mount[]
  devices: DeviceNode[]
  tty: boolean
  stdin: boolean
  stdinOnce: boolean
  user?: string
  groups: string[]
  privileged: boolean
  addCapabilities: string[]
  dropCapabilities: string[]
  /** Nothing in its /proc is covered. */
  unmaskedProc: boolean
  readOnlyRoot: boolean
  noNewPrivileges: boolean
  seccomp?: string
  hostNetwork: boolean
  hostPid: boolean
  hostIpc: boolean
  /** Container whose PID namespace it shares: the sandbox, or the container that it debugs. */
  pidOf?: string
  /** Replaces the image's own. */
  stopSignal?: string
  oomScoreAdj: number
}

/** A device of the node that a container gets. */
export interface DeviceNode {
  path: string
  /** On the node. */
  hostPath: string
  /** Of `rwm`: read, write, make. */
  permissions: string
}

export interface Mount {
  source: string
  target: string
  readOnly: boolean
  /** What is mounted beneath it is read-only too. */
  recursive?: boolean
  propagation: 'rprivate' | 'rslave' | 'rshared'
}

export interface ListedImage {
  id: string
  /** As the engine writes them (`busybox:1.36`), those with digests first. */
  names: string[]
  sizeBytes: number
}

export interface ImageInfo {
  id: string
  digest: string
  /** `repository@digest`, of each repository that it was pulled from. */
  repoDigests?: readonly string[]
  /** Of its layers without compression, from the base up. */
  layerDigests?: readonly string[]
  user: string
  env: string[]
  sizeBytes: number
  /** Folders of its layers, the topmost first, where the engine says so. */
  layers?: string[]
}

export interface ExecSession extends AttachSession {
  /** Resolves once the output has ended. `failure`: the reason why it could not be run. */
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
