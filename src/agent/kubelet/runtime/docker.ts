import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { PassThrough, Readable, type Duplex } from 'node:stream'
import { createInterface } from 'node:readline'
import type Docker from 'dockerode'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { imagePath, parseImageReference } from '#shared/kube/image-reference.ts'
import { holdsCapability, lacksCapability } from './capabilities.ts'
import { connectEngine } from './connection.ts'
import { followLog, type FollowedLog } from './log-files.ts'
import { joinOutput, splitOutput } from './output.ts'
import { userOf } from './container-user.ts'
import { hostnameAnnotation, namespaceUsers, ownNetworkAnnotation, userNamespaceAnnotation } from './shim.ts'
import type {
  AttachSession,
  ContainerSpec,
  ExecSession,
  ImageInfo,
  ObservedContainer,
  PodLabels,
  Runtime,
  SandboxSpec,
} from './runtime.ts'

const labelOf = {
  uid: 'io.kubernetes.pod.uid',
  namespace: 'io.kubernetes.pod.namespace',
  pod: 'io.kubernetes.pod.name',
  container: 'io.kubernetes.container.name',
  kind: 'io.kubernetes.container.kind',
  attempt: 'io.kubernetes.container.restartCount',
  hash: 'io.kubernetes.container.hash',
}

/** The worker's inner Docker Engine. Its containers are listed once and followed by events, without polling. */
export function createDockerRuntime({
  socketPath,
  pauseImage,
  log,
}: {
  socketPath: string
  pauseImage: string
  log: Log
}): Runtime {
  const docker = connectEngine(socketPath)
  const pods = new Map<string, Map<string, ObservedContainer>>()
  let onChange: (podUid: string) => void = () => undefined

  const keep = (container: ObservedContainer): ObservedContainer => {
    const before = find(container.id)
    // An ended one is never started again: this was asked for before its end, and answered late.
    if (before?.state === 'exited' && container.state !== 'exited') return before
    if (before && before.podUid !== container.podUid) forget(container.id, before.podUid)
    let pod = pods.get(container.podUid)
    if (!pod) pods.set(container.podUid, (pod = new Map<string, ObservedContainer>()))
    pod.set(container.id, container)
    return container
  }
  const forget = (id: string, podUid: string): void => {
    const pod = pods.get(podUid)
    pod?.delete(id)
    if (pod?.size === 0) pods.delete(podUid)
  }
  const refresh = async (id: string): Promise<ObservedContainer | undefined> => {
    try {
      return keep(withUser(observed(await inspectSettled(docker.getContainer(id))), find(id)))
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error
      return undefined
    }
  }
  const find = (id: string): ObservedContainer | undefined => {
    for (const pod of pods.values()) {
      const container = pod.get(id)
      if (container) return container
    }
    return undefined
  }

  const askVersion = async (): ReturnType<Runtime['version']> => {
    const { Version, Os, Arch, KernelVersion } = await docker.version()
    return { version: Version, os: Os, architecture: Arch, kernel: KernelVersion ?? '' }
  }
  let version: ReturnType<Runtime['version']> | undefined

  return {
    // Asked once: the engine starts two programs for an answer, and is the worker image's own, so that it stays the same.
    version: () =>
      (version ??= askVersion().catch((error: unknown) => {
        version = undefined
        throw error
      })),
    async start(listener) {
      onChange = listener
      const readAll = async (): Promise<Set<string>> => {
        const all = await docker.listContainers({ all: true, filters: { label: [labelOf.uid] } })
        await Promise.all(all.map(({ Id }) => refresh(Id)))
        return new Set(all.map(({ Id }) => Id))
      }
      const stop = await followEvents(
        docker,
        log,
        async (id, labelled, gone) => {
          const owner = find(id)?.podUid ?? labelled
          if (gone) forget(id, owner)
          else await refresh(id)
          onChange(find(id)?.podUid ?? owner)
        },
        async () => {
          const present = await readAll()
          for (const [uid, pod] of [...pods]) {
            for (const id of [...pod.keys()]) if (!present.has(id)) forget(id, uid)
            onChange(uid)
          }
        },
      )
      await readAll()
      return stop
    },
    containers: (podUid) =>
      [...(pods.get(podUid)?.values() ?? [])].sort(
        (a, b) => a.attempt - b.attempt || a.createdAt.localeCompare(b.createdAt),
      ),
    podUids: () => [...pods.keys()],

    async createSandbox(spec) {
      const created = await docker.createContainer(inBody(sandboxOptions(spec, pauseImage))).catch(rethrowReason)
      await refresh(created.id)
      return created.id
    },
    async adoptSandbox(id, { hostname, ...pod }) {
      const container = docker.getContainer(id)
      // A container's labels stay as they are: its name says whose it is, to an agent that restarts too.
      await container.rename({ name: sandboxName(pod) }).catch(rethrowReason)
      const info = await container.inspect()
      await writeFile(info.HostnamePath, `${hostname}\n`)
      return keep(observed(info))
    },
    async createContainer(spec) {
      const created = await docker.createContainer(inBody(containerOptions(spec))).catch(rethrowReason)
      keep(newContainer(created.id, spec))
      return created.id
    },
    async startContainer(id) {
      try {
        await docker.getContainer(id).start()
      } catch (error) {
        await refresh(id)
        throw new Error(reasonOf(error), { cause: error })
      }
      const started = await refresh(id)
      if (!started) throw new Error('the container disappeared while it was starting')
      return started
    },
    async stopContainer(id, grace) {
      const container = docker.getContainer(id)
      if (grace > 0) await ignoringAbsence(container.stop({ t: Math.ceil(grace) }))
      else if (await killProcess(id, find(id)?.pid ?? 0)) await ignoringAbsence(container.wait())
      else await ignoringAbsence(container.kill())
      await refresh(id)
    },
    async updateContainer(id, { cpuShares, cpuQuotaMillis, memoryBytes }) {
      await docker.getContainer(id).update({
        CpuShares: cpuShares,
        ...quotaOf(cpuQuotaMillis, -1),
        // The limit of swap includes memory: both must change in one request, or the engine refuses it.
        ...(memoryBytes ? { Memory: memoryBytes, MemorySwap: memoryBytes } : {}),
      })
      await refresh(id)
    },
    async removeContainer(id) {
      await ignoringAbsence(docker.getContainer(id).remove({ force: true, v: true }))
      const container = find(id)
      if (container) forget(id, container.podUid)
    },

    async hasImage(reference) {
      try {
        return imageInfo(await docker.getImage(imagePath(reference)).inspect())
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined
        throw error
      }
    },
    async loadImage(tar) {
      // An engine that waits for the rest of an archive waits for ever.
      const cut = new AbortController()
      tar.once('error', () => cut.abort())
      tar.once('close', () => {
        if (!tar.readableEnded) cut.abort()
      })
      // What has come meanwhile is one chunk: the engine takes the 16 KB that a tunnel gives at once at a third of the speed.
      const batches = tar.pipe(new PassThrough({ highWaterMark: 2 ** 18 }))
      try {
        await drain(await docker.loadImage(Readable.from(batches), { abortSignal: cut.signal }).catch(rethrowReason))
      } catch (error) {
        throw cut.signal.aborted ? new Error('the archive was cut off', { cause: error }) : error
      } finally {
        tar.unpipe(batches)
      }
    },
    async pullImage(reference, auth) {
      const { domain, path, tag, digest } = parseImageReference(reference)
      const wanted = { fromImage: `${domain}/${path}`, tag: digest ?? tag ?? 'latest' }
      const stream = (await docker.createImage(auth ?? {}, wanted).catch(rethrowReason)) as Readable
      await drain(stream)
    },
    async tagImage(reference, repository, tag) {
      await docker.getImage(imagePath(reference)).tag({ repo: repository, tag }).catch(rethrowReason)
    },
    async insecureRegistries() {
      const { RegistryConfig } = (await docker.info()) as { RegistryConfig?: RegistryConfig }
      return Object.entries(RegistryConfig?.IndexConfigs ?? {}).flatMap(([name, { Secure }]) => (Secure ? [] : [name]))
    },
    async imageLayers() {
      const ids = new Set((await docker.listImages()).map(({ Id }) => Id))
      const found = await Promise.all(
        [...ids].map((id) =>
          docker
            .getImage(id)
            .inspect()
            .then(
              ({ RootFS }) => [RootFS.Layers ?? []],
              // Removed meanwhile.
              () => [],
            ),
        ),
      )
      return found.flat()
    },
    async images() {
      const list = await docker.listImages()
      return list.map(({ Id, RepoTags, RepoDigests, Size }) => ({
        id: Id,
        names: [...(RepoDigests ?? []), ...(RepoTags ?? [])].filter((name) => !name.includes('<none>')),
        sizeBytes: Size,
      }))
    },
    async removeImage(id) {
      // With force it loses all its names; the engine still keeps one that a container runs from.
      await ignoringAbsence(docker.getImage(id).remove({ force: true })).catch(rethrowReason)
    },

    async exec(id, command, { stdin, tty }) {
      const exec = await docker.getContainer(id).exec({
        Cmd: [...command],
        AttachStdin: stdin,
        AttachStdout: true,
        AttachStderr: true,
        Tty: tty,
      })
      const stream = await exec.start({ hijack: true, stdin, Tty: tty })
      return execSession(exec, stream, tty)
    },
    async attach(id, { stdin, tty }) {
      const container = docker.getContainer(id)
      const stream = (await container.attach({
        stream: true,
        hijack: stdin,
        stdin,
        stdout: true,
        stderr: true,
      })) as Duplex
      const { stdout, stderr } = splitOutput(stream, { tty })
      const stopWatching = endWithProcess(container, stream, stdout)
      return {
        stdin: stream,
        stdout,
        stderr,
        resize: async ({ columns, rows }) => container.resize({ w: columns, h: rows }) as Promise<void>,
        end() {
          stopWatching()
          stream.destroy()
        },
      }
    },
    async logs(id, { follow, timestamps, tail, since }) {
      const followed = follow && (await followFiles(docker, id, { timestamps, tail, since }))
      if (followed) return followed
      const options = {
        stdout: true,
        stderr: true,
        timestamps,
        ...(tail !== undefined ? { tail } : {}),
        ...(since !== undefined ? { since } : {}),
      }
      return joinOutput(await openLogs(docker, id, { ...options, follow }), find(id)?.tty ?? false)
    },
  }
}

/** @returns undefined when the engine keeps no files of this log */
async function followFiles(
  docker: Docker,
  id: string,
  options: Omit<FollowedLog, 'path' | 'ended'>,
): Promise<Readable | undefined> {
  const container = docker.getContainer(id)
  const { LogPath } = (await container.inspect()) as { LogPath?: string }
  if (!LogPath) return undefined
  const closed = new AbortController()
  try {
    const ended = container.wait({ abortSignal: closed.signal })
    const log = await followLog({ path: LogPath, ended, ...options })
    log.once('close', () => closed.abort())
    return log
  } catch {
    closed.abort()
    return undefined
  }
}

/** Streams logs; dockerode collects logs that are not followed in memory. */
function openLogs(docker: Docker, id: string, options: Record<string, unknown>): Promise<Readable> {
  const modem = docker.modem as { dial(request: object, done: (error: Error | null, answer: Readable) => void): void }
  const request = {
    path: `/containers/${encodeURIComponent(id)}/logs?`,
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    options,
  }
  return new Promise((resolve, reject) =>
    modem.dial(request, (error, answer) => (error ? reject(error) : resolve(answer))),
  )
}

/**
 * dockerode writes the options of a create into the URL as well, which the engine limits to 1 MiB: an environment may be
 * larger. `_query` and `_body` are docker-modem's way to say what goes where.
 */
function inBody({ name, ...body }: Docker.ContainerCreateOptions): Docker.ContainerCreateOptions {
  const query = name === undefined ? {} : { name }
  const options = { ...query, _query: query, _body: body }
  return options
}

/** Kubernetes' own form; none of its parts can hold an underscore. */
const sandboxName = ({ podName, podNamespace, podUid }: PodLabels): string =>
  `k8s_POD_${podName}_${podNamespace}_${podUid}`

/** Whose a container is: of a sandbox its name says it, because a warm one is made before its pod is there. */
function ownerOf({ Name, Config }: Docker.ContainerInspectInfo): PodLabels {
  const { Labels: labels } = Config
  const [, podName = '', podNamespace = '', podUid] = /^\/k8s_POD_([^_]*)_([^_]*)_([^_]*)$/.exec(Name) ?? []
  if (labels[labelOf.kind] === 'sandbox' && podUid !== undefined) return { podName, podNamespace, podUid }
  return {
    podUid: labels[labelOf.uid] ?? '',
    podNamespace: labels[labelOf.namespace] ?? '',
    podName: labels[labelOf.pod] ?? '',
  }
}

function sandboxOptions(spec: SandboxSpec, image: string): Docker.ContainerCreateOptions {
  return {
    name: sandboxName(spec),
    Image: image,
    // In the host's network the host's name applies, and the engine refuses another one.
    ...(spec.hostNetwork ? {} : { Hostname: spec.hostname }),
    Labels: { ...podLabels(spec), [labelOf.kind]: 'sandbox', [labelOf.attempt]: '0' },
    HostConfig: {
      NetworkMode: spec.hostNetwork ? 'host' : 'none',
      IpcMode: spec.hostIpc ? 'host' : 'shareable',
      ...(spec.hostPid ? { PidMode: 'host' } : {}),
      ...annotated({
        ...oneShim,
        ...(spec.hostNetwork ? {} : { [ownNetworkAnnotation]: 'true' }),
        ...inNamespace(spec),
      }),
      CgroupParent: sandboxGroup,
      CpuShares: 2,
      OomScoreAdj: allowedOomScore(-998),
      SecurityOpt: ['seccomp=unconfined'],
      Sysctls: { ...groupsThatPing(spec), ...spec.sysctls },
    },
  }
}

/** The engine lets all groups of the node send echo requests, which the kernel refuses of those that are not mapped. */
const groupsThatPing = ({ userNamespace }: SandboxSpec): Record<string, string> =>
  userNamespace === undefined ? {} : { 'net.ipv4.ping_group_range': `0 ${namespaceUsers - 1}` }

function containerOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
  const security = [`seccomp=${spec.seccomp ?? 'unconfined'}`, ...(spec.noNewPrivileges ? ['no-new-privileges'] : [])]
  return {
    name: `k8s_${spec.name}_${spec.podName}_${spec.podNamespace}_${spec.podUid}_${spec.attempt}`,
    Image: spec.image,
    ...(spec.command ? { Entrypoint: spec.command } : {}),
    // A command without args drops the image's CMD, as in Kubernetes.
    ...(spec.args ? { Cmd: spec.args } : spec.command ? { Cmd: [] } : {}),
    ...(spec.workingDir ? { WorkingDir: spec.workingDir } : {}),
    Env: environmentOf(spec),
    Tty: spec.tty,
    // Applies only when the whole worker stops, and its user waits for it. Pods are stopped with their own grace
    // period.
    StopTimeout: 5,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce,
    ...(spec.user ? { User: spec.user } : {}),
    ...(spec.stopSignal ? { StopSignal: spec.stopSignal } : {}),
    Healthcheck: { Test: ['NONE'] },
    Labels: {
      ...podLabels(spec),
      [labelOf.container]: spec.name,
      [labelOf.kind]: 'container',
      [labelOf.attempt]: String(spec.attempt),
      [labelOf.hash]: spec.hash,
    },
    HostConfig: {
      NetworkMode: spec.hostNetwork ? 'host' : `container:${spec.sandboxId}`,
      IpcMode: spec.hostIpc ? 'host' : `container:${spec.sandboxId}`,
      ...(spec.hostPid ? { PidMode: 'host' } : spec.pidOf ? { PidMode: `container:${spec.pidOf}` } : {}),
      ...annotated({
        ...oneShim,
        ...(spec.hostname === undefined ? {} : { [hostnameAnnotation]: spec.hostname }),
        ...inNamespace(spec),
      }),
      Privileged: spec.privileged,
      // The engine refuses a container with a capability outside the worker's bounding set.
      CapAdd: spec.addCapabilities.filter((name) => !lacksCapability(name)),
      CapDrop: spec.dropCapabilities,
      GroupAdd: spec.groups,
      ...(spec.unmaskedProc ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
      ReadonlyRootfs: spec.readOnlyRoot,
      SecurityOpt: spec.privileged ? [] : security,
      Mounts: spec.mounts.map(({ source, target, readOnly, recursive, propagation }) => ({
        Type: 'bind',
        Source: source,
        Target: target,
        ReadOnly: readOnly,
        BindOptions: {
          Propagation: propagation,
          ...(readOnly ? { [recursive ? 'ReadOnlyForceRecursive' : 'ReadOnlyNonRecursive']: true } : {}),
        },
      })),
      ...(spec.devices.length > 0
        ? {
            Devices: spec.devices.map(({ path, hostPath, permissions }) => ({
              PathOnHost: hostPath,
              PathInContainer: path,
              CgroupPermissions: permissions,
            })),
          }
        : {}),
      CpuShares: spec.cpuShares,
      ...(spec.cgroupParent ? { CgroupParent: spec.cgroupParent } : {}),
      ...quotaOf(spec.cpuQuotaMillis, 0),
      ...(spec.memoryBytes ? { Memory: spec.memoryBytes, MemorySwap: spec.memoryBytes } : {}),
      OomScoreAdj: allowedOomScore(spec.oomScoreAdj),
    },
  }
}

/** The engine's HOSTNAME is the sandbox's. */
const environmentOf = ({ env, hostname }: ContainerSpec): string[] =>
  hostname === undefined || env.some((variable) => variable.startsWith('HOSTNAME='))
    ? env
    : [`HOSTNAME=${hostname}`, ...env]

/** Quota per 100 ms period; the kernel's minimum is 1 ms. */
const quotaOf = (millis: number | undefined, none: number): { CpuPeriod: number; CpuQuota: number } => ({
  CpuPeriod: millis ? 100_000 : 0,
  CpuQuota: millis ? Math.max(1_000, millis * 100) : none,
})

/** They may be made before their pods are known, and use next to nothing. */
const sandboxGroup = '/kubepods/sandboxes'

/** One shim process serves all containers: starting one takes longer than starting a container. */
const oneShim = { 'io.containerd.runc.v2.group': 'slipway' }

/** A field that the client library's types lack. */
interface Annotated {
  Annotations?: Record<string, string>
}
const annotated = (annotations: Record<string, string>): Annotated => ({ Annotations: annotations })

const inNamespace = ({ userNamespace }: { userNamespace?: number }): Record<string, string> =>
  userNamespace === undefined ? {} : { [userNamespaceAnnotation]: String(userNamespace) }

/** Without CAP_SYS_RESOURCE (some virtual machines) no process may get a lower oom_score_adj than the engine's. */
function allowedOomScore(wanted: number): number {
  if (holdsCapability('SYS_RESOURCE')) return wanted
  return Math.max(wanted, Number(readFileSync('/proc/self/oom_score_adj', 'utf8')))
}

const podLabels = ({ podUid, podNamespace, podName }: { podUid: string; podNamespace: string; podName: string }) => ({
  [labelOf.uid]: podUid,
  [labelOf.namespace]: podNamespace,
  [labelOf.pod]: podName,
})

/** The engine writes year 1 for unset times. */
const time = (text: string): string | undefined => (text.startsWith('0001-') ? undefined : `${text.slice(0, 19)}Z`)

/**
 * The engine reports an OOM kill separately from the exit, possibly a moment later: a killed container with a memory
 * limit is inspected twice.
 */
async function inspectSettled(container: Docker.Container): Promise<Docker.ContainerInspectInfo> {
  const info = await container.inspect()
  const { State, HostConfig } = info
  const isKilled = !State.Running && State.ExitCode === 137 && !State.OOMKilled
  if (!isKilled || !HostConfig.Memory) return info
  await new Promise((resolve) => setTimeout(resolve, 100))
  return container.inspect()
}

function observed(info: Docker.ContainerInspectInfo): ObservedContainer {
  const { Labels: labels, Tty } = info.Config
  const { State: state } = info
  const startedAt = time(state.StartedAt)
  const finishedAt = time(state.FinishedAt)
  // Not every storage driver has it.
  const layerFolder = (info.GraphDriver?.Data as Record<string, string> | null)?.UpperDir
  const userNamespace = (info.HostConfig as Annotated).Annotations?.[userNamespaceAnnotation]
  return {
    id: info.Id,
    ...ownerOf(info),
    name: labels[labelOf.container] ?? '',
    sandbox: labels[labelOf.kind] === 'sandbox',
    attempt: Number(labels[labelOf.attempt] ?? 0),
    state: state.Running ? 'running' : state.Status === 'created' && !state.Error ? 'created' : 'exited',
    pid: state.Pid,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    error: state.Error,
    ...(startedAt ? { startedAt } : {}),
    ...(finishedAt ? { finishedAt } : {}),
    image: info.Config.Image,
    imageId: info.Image,
    hostname: info.Config.Hostname,
    ...(userNamespace === undefined ? {} : { userNamespace: Number(userNamespace) }),
    tty: Tty,
    hash: labels[labelOf.hash] ?? '',
    createdAt: info.Created,
    ...(info.LogPath ? { logFile: info.LogPath } : {}),
    ...(layerFolder ? { layerFolder } : {}),
    ...(info.HostConfig.CgroupParent ? { cgroupParent: info.HostConfig.CgroupParent } : {}),
    resources: {
      cpuShares: info.HostConfig.CpuShares ?? 0,
      cpuQuota: Math.max(0, info.HostConfig.CpuQuota ?? 0),
      memoryBytes: info.HostConfig.Memory ?? 0,
    },
  }
}

/** The engine does not tell it, and its file goes with the container's end: what was known stays. */
function withUser(container: ObservedContainer, before: ObservedContainer | undefined): ObservedContainer {
  const user = before?.user ?? (container.state === 'running' && !container.sandbox ? userOf(container.id) : undefined)
  return user ? { ...container, user } : container
}

function newContainer(id: string, spec: ContainerSpec): ObservedContainer {
  return {
    id,
    podUid: spec.podUid,
    podNamespace: spec.podNamespace,
    podName: spec.podName,
    name: spec.name,
    sandbox: false,
    attempt: spec.attempt,
    state: 'created',
    pid: 0,
    exitCode: 0,
    oomKilled: false,
    error: '',
    image: spec.image,
    imageId: '',
    tty: spec.tty,
    hash: spec.hash,
    createdAt: new Date().toISOString(),
    ...(spec.cgroupParent ? { cgroupParent: spec.cgroupParent } : {}),
    resources: {
      cpuShares: spec.cpuShares,
      cpuQuota: quotaOf(spec.cpuQuotaMillis, 0).CpuQuota,
      memoryBytes: spec.memoryBytes ?? 0,
    },
  }
}

/** Of what the engine says of itself. */
interface RegistryConfig {
  IndexConfigs?: Record<string, { Secure: boolean }>
}

function imageInfo(info: Docker.ImageInspectInfo): ImageInfo {
  // Not every storage driver has them.
  const { UpperDir, LowerDir } = (info.GraphDriver?.Data ?? {}) as { UpperDir?: string; LowerDir?: string }
  return {
    id: info.Id,
    digest: info.RepoDigests?.[0] ?? info.Id,
    repoDigests: info.RepoDigests ?? [],
    user: info.Config.User ?? '',
    env: info.Config.Env ?? [],
    sizeBytes: info.Size,
    layerDigests: info.RootFS.Layers ?? [],
    ...(UpperDir ? { layers: [UpperDir, ...(LowerDir?.split(':') ?? [])] } : {}),
  }
}

const reasonOf = (error: unknown): string =>
  ((error as { json?: { message?: string } }).json?.message ?? messageOf(error)).trim()

/** The engine's own reason, without the client library's prefix. */
function rethrowReason(error: unknown): never {
  throw new Error(reasonOf(error), { cause: error })
}

async function ignoringAbsence(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode
    if (status !== 404 && status !== 304 && status !== 409) throw error
  }
}

/** Reads a progress stream to its end. @throws Error with the engine's reason */
/**
 * Kills a container's first process, and so all of it, without the program that the engine would start for that.
 * @returns false where `pid` is not, or no longer, of the container
 */
async function killProcess(id: string, pid: number): Promise<boolean> {
  if (pid <= 0) return false
  try {
    if (!(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(id)) return false
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

async function drain(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    if (!line.startsWith('{')) continue
    const { error } = JSON.parse(line) as { error?: string }
    if (error) throw new Error(error)
  }
}

/** Follows the engine's events; after a disconnect (the engine restarted) `resumed` lists everything again. */
async function followEvents(
  docker: Docker,
  log: Log,
  changed: (id: string, podUid: string, gone: boolean) => Promise<void>,
  resumed: () => Promise<void>,
): Promise<Stop> {
  let stopped = false
  let stream: Readable | undefined
  const filters = { type: ['container'], label: [labelOf.uid], event: ['start', 'die', 'oom', 'destroy', 'rename'] }
  const open = async (): Promise<Readable> =>
    (stream = (await docker.getEvents({ filters: JSON.stringify(filters) })) as unknown as Readable)
  const read = async (source: Readable): Promise<void> => {
    for await (const line of createInterface({ input: source })) {
      const { Action, Actor } = JSON.parse(line) as {
        Action: string
        Actor: { ID: string; Attributes: Record<string, string> }
      }
      await changed(Actor.ID, Actor.Attributes[labelOf.uid] ?? '', Action === 'destroy')
    }
  }
  const follow = async (source: Readable): Promise<void> => {
    for (let next: Readable | undefined = source; !stopped;) {
      try {
        if (next) await read(next)
        if (stopped) return
        log.warn('the event stream of the engine ended; following it again')
        next = await open()
        await resumed()
      } catch (error) {
        log.debug('event stream of the engine', { error: String(error) })
        next = undefined
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    }
  }
  void follow(await open())
  return () => {
    stopped = true
    stream?.destroy()
  }
}

/**
 * The engine does not end the stream of an attach to a process that ends at that moment: this ends it after its output.
 */
function endWithProcess(container: Docker.Container, stream: Duplex, stdout: PassThrough): () => void {
  const watching = new AbortController()
  const ended = container.wait({ condition: 'not-running', abortSignal: watching.signal }) as Promise<unknown>
  let timer: NodeJS.Timeout | undefined
  const endWhenRead = (): void => {
    timer = setTimeout(() => {
      if (stream.readableLength > 0 || stdout.readableLength > 0) endWhenRead()
      else stream.destroy()
    }, outputGraceMs)
  }
  ended.then(endWhenRead, () => undefined)
  const stop = (): void => {
    watching.abort()
    clearTimeout(timer)
  }
  stream.once('close', stop).once('end', stop)
  return stop
}

/** Time in which the rest of an ended process's output arrives, ms. */
const outputGraceMs = 500

function execSession(exec: Docker.Exec, stream: Duplex, tty: boolean): ExecSession {
  // The engine reports on the output stream that it could not run the command.
  let head = ''
  const onOutput = (piece: Buffer): void => {
    if (head.length < 512) head += piece.toString('utf8', 0, 512)
  }
  const { stdout, stderr } = splitOutput(stream, { tty, onOutput })
  const ended = new Promise<void>((resolve) => stream.once('end', () => resolve()).once('close', () => resolve()))
  const session: AttachSession = {
    stdin: stream,
    stdout,
    stderr,
    resize: async ({ columns, rows }) => {
      await exec.resize({ w: columns, h: rows })
    },
    end: () => stream.destroy(),
  }
  return {
    ...session,
    async exit() {
      await ended
      for (let tries = 0; ; tries++) {
        const { Running, ExitCode } = await exec.inspect()
        if (Running && tries < 100) {
          await new Promise((resolve) => setTimeout(resolve, 10))
          continue
        }
        const code = ExitCode ?? 0
        const failed = (code === 126 || code === 127) && /^OCI runtime exec failed/.test(head)
        return failed ? { code, failure: asRunc(head.trim()) } : { code }
      }
    },
  }
}

/** Converts crun's message for a missing program to runc's, which clients look for to try another shell. */
const asRunc = (failure: string): string =>
  failure.replace(
    /executable file `([^`]*)` not found(?: in \$PATH)?(?:: No such file or directory)?/,
    (_, program) => `exec: ${JSON.stringify(program)}: executable file not found in $PATH`,
  )
