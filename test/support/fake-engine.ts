import type { Clock } from '#shared/base/clock.ts'
import type {
  ContainerSpec,
  Limits,
  ObservedContainer,
  PodLabels,
  Runtime,
  SandboxSpec,
} from '#agent/kubelet/runtime/runtime.ts'

/** An engine without processes: containers run until the test ends them. Commands succeed unless `execCode` says else. */
export interface FakeEngine {
  runtime: Runtime
  all(): readonly ObservedContainer[]
  /** One that was made elsewhere. */
  add(container: ObservedContainer): void
  running(name: string): ObservedContainer[]
  attempts(name: string): number[]
  /** What containers were made from, oldest first. */
  created: ContainerSpec[]
  /** Grace in seconds of each stop, by the container's name. */
  stops: [name: string, grace: number][]
  /** Commands that were run in containers. */
  commands: string[]
  /** What fails, and with which words. */
  failing: { create?: string; start?: string; sandbox?: string; sandboxStart?: string; adopt?: string; update?: string }
  execCode: number
  /** While set, a stop lasts until it is resolved. */
  slowStop: Promise<void> | undefined
  /** The process ends by itself. */
  end(name: string, exitCode: number): void
  /** Everything ends at once, as in a reboot. */
  reboot(): void
}

export function createFakeEngine(
  clock: Clock,
  { onChange = () => undefined }: { onChange?: () => void } = {},
): FakeEngine {
  let containers: ObservedContainer[] = []
  let serial = 0
  const now = (): string => new Date(clock.now() + serial).toISOString()
  const change = (id: string, to: Partial<ObservedContainer>): ObservedContainer => {
    containers = containers.map((container) => (container.id === id ? { ...container, ...to } : container))
    const changed = containers.find((container) => container.id === id)
    if (!changed) throw new Error(`no container ${id}`)
    return changed
  }
  const add = (
    own: Pick<ObservedContainer, 'name' | 'attempt' | 'hash' | 'sandbox'> & Partial<ObservedContainer>,
  ): string => {
    const id = `${own.sandbox ? 'sandbox' : own.name}-${++serial}`
    containers.push({
      id,
      podUid: '',
      podNamespace: 'default',
      podName: 'p',
      state: 'created',
      pid: 7,
      exitCode: 0,
      oomKilled: false,
      error: '',
      image: 'app:1',
      imageId: 'sha256:1',
      hostname: 'p',
      tty: false,
      createdAt: now(),
      resources: { cpuShares: 2, cpuQuota: 0, memoryBytes: 0 },
      ...own,
    })
    return id
  }
  const fail = (message: string | undefined): void => {
    if (message !== undefined) throw new Error(message)
  }
  const runtime = {
    containers: () => containers,
    async createSandbox(spec: SandboxSpec) {
      fail(engine.failing.sandbox)
      const { podUid, hostname, userNamespace } = spec
      return add({
        name: '',
        attempt: 0,
        hash: '',
        sandbox: true,
        podUid,
        hostname,
        ...(userNamespace ? { userNamespace } : {}),
      })
    },
    async adoptSandbox(id: string, { podUid, podName, podNamespace }: PodLabels) {
      fail(engine.failing.adopt)
      return change(id, { podUid, podName, podNamespace })
    },
    async createContainer(spec: ContainerSpec) {
      fail(engine.failing.create)
      engine.created.push(spec)
      return add({ name: spec.name, attempt: spec.attempt, hash: spec.hash, sandbox: false })
    },
    async startContainer(id: string) {
      const started = containers.find((container) => container.id === id)
      const error = started?.sandbox ? engine.failing.sandboxStart : engine.failing.start
      if (error !== undefined) change(id, { state: 'exited', exitCode: 128, error, finishedAt: now() })
      fail(error)
      return change(id, { state: 'running', startedAt: now() })
    },
    async stopContainer(id: string, grace: number) {
      engine.stops.push([containers.find((container) => container.id === id)?.name ?? '', grace])
      await engine.slowStop
      change(id, { state: 'exited', exitCode: 143, finishedAt: now() })
    },
    async updateContainer(id: string, { cpuShares, memoryBytes = 0 }: Limits) {
      fail(engine.failing.update)
      change(id, { resources: { cpuShares, cpuQuota: 0, memoryBytes } })
    },
    async removeContainer(id: string) {
      containers = containers.filter((container) => container.id !== id)
    },
    async exec(_id: string, command: readonly string[]) {
      engine.commands.push(command.join(' '))
      const silent = { on: () => silent }
      return { stdout: silent, stderr: silent, exit: async () => ({ code: engine.execCode }), end: () => undefined }
    },
  }
  const engine: FakeEngine = {
    runtime: runtime as unknown as Runtime,
    all: () => containers,
    add: (container) => void containers.push(container),
    running: (name) => containers.filter((each) => each.name === name && each.state === 'running'),
    attempts: (name) => containers.filter((each) => each.name === name).map(({ attempt }) => attempt),
    created: [],
    stops: [],
    commands: [],
    failing: {},
    execCode: 0,
    slowStop: undefined,
    end(name, exitCode) {
      for (const { id } of engine.running(name)) change(id, { state: 'exited', exitCode, finishedAt: now() })
      onChange()
    },
    reboot() {
      for (const { id } of containers) change(id, { state: 'exited', exitCode: 255, finishedAt: now() })
      onChange()
    },
  }
  return engine
}
