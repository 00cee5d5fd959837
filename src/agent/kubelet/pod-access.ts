import type { Readable } from 'node:stream'
import { RequestRefused, type EdgeRequest } from '#shared/base/request-edge.ts'
import { connectToPod, type PodConnection } from './pod-connection.ts'
import type { ExecSession, ObservedContainer, Runtime } from './runtime/runtime.ts'

/** What is done in pods of this node by request, over the tunnel and on the kubelet's port alike. */
export interface PodAccessOptions {
  runtime: Pick<Runtime, 'containers' | 'exec' | 'attach' | 'logs'>
  /** A pod of this node. */
  findPod(namespace: string, name: string): FoundPod | undefined
}

export interface FoundPod {
  uid: string
  ip?: string
  /** Containers whose status is `waiting`, as after a crash. */
  waiting?: readonly string[]
}

export interface PodTarget {
  namespace: string
  pod: string
  /** The pod must have this one, where it is given. */
  uid?: string
}

export interface ContainerTarget extends PodTarget {
  container: string
}

/** `cmd` of a kubelet's `run`: words between spaces. */
export const commandOf = (query: URLSearchParams): string[] => (query.get('cmd') ?? '').split(' ').filter(Boolean)

/** `/<verb>/<namespace>/<pod>[/<uid>]/<container>`, as kubelets read it. */
export function containerTarget(segments: readonly string[]): ContainerTarget {
  const [, namespace = '', pod = '', ...rest] = segments
  const [uid, container = ''] = rest.length > 1 ? rest : [undefined, rest[0]]
  return { namespace, pod, container, ...(uid === undefined ? {} : { uid }) }
}

/** `/portForward/<namespace>/<pod>[/<uid>]` */
export function podTarget([, namespace = '', pod = '', uid]: readonly string[]): PodTarget {
  return { namespace, pod, ...(uid === undefined ? {} : { uid }) }
}

/** @throws RequestRefused 400 without a command, or where the container does not run; 404 */
export async function openExec(
  options: PodAccessOptions,
  target: ContainerTarget,
  streams: { stdin: boolean; tty: boolean },
  command: readonly string[],
): Promise<ExecSession> {
  if (command.length === 0) throw new RequestRefused(400, 'a command is missing')
  return options.runtime.exec(running(containerOf(options, target)).id, command, streams)
}

/** The container's own process, whose end has no status. @throws RequestRefused 400, 404 */
export async function openAttach(
  options: PodAccessOptions,
  target: ContainerTarget,
  { stdin }: { stdin: boolean },
): Promise<ExecSession> {
  const container = running(containerOf(options, target))
  const session = await options.runtime.attach(container.id, { stdin, tty: container.tty })
  return { ...session, exit: async () => ({ code: 0 }) }
}

/** @throws RequestRefused 400, 404, or 500 when the port refuses */
export async function openPort(
  options: PodAccessOptions,
  target: PodTarget,
  port: number | undefined,
): Promise<PodConnection> {
  const { uid, ip } = podOf(options, target)
  if (port === undefined || port > 65_535) throw new RequestRefused(400, 'port is not a valid port')
  if (!ip) throw new RequestRefused(400, `pod "${target.pod}" has no address yet`)
  const sandbox = options.runtime
    .containers(uid)
    .findLast((container) => container.sandbox && container.state === 'running')
  return connectToPod({ ip, port, sandboxPid: sandbox?.pid })
}

/** How much a command of `run` may print, bytes. */
const mostOutput = 4 * 2 ** 20

/**
 * Runs a command to its end. @returns what it has printed, its standard output first
 * @throws RequestRefused 500 for a command that fails, 400, 404
 */
export async function runCommandIn(
  options: PodAccessOptions,
  target: ContainerTarget,
  command: readonly string[],
): Promise<Buffer> {
  const session = await openExec(options, target, { stdin: false, tty: false }, command)
  try {
    const [stdout, stderr, { code, failure }] = await Promise.all([
      collect(session.stdout),
      collect(session.stderr),
      session.exit(),
    ])
    if (failure !== undefined) throw new RequestRefused(500, failure)
    if (code !== 0)
      throw new RequestRefused(500, `command '${command.join(' ')}' exited with ${code}: ${stderr.toString()}`)
    return Buffer.concat([stdout, stderr])
  } finally {
    session.end()
  }
}

/** The beginning of an output; the rest is read and dropped, so that the process ends. */
async function collect(output: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of output as AsyncIterable<Buffer>) {
    if (length < mostOutput) chunks.push(chunk)
    length += chunk.length
  }
  return Buffer.concat(chunks)
}

/**
 * The output of a container, for `/containerLogs/<namespace>/<pod>/<container>`, and how many bytes of it are wanted.
 * @throws RequestRefused
 */
export async function openContainerLogs(
  options: PodAccessOptions,
  { segments, query }: Pick<EdgeRequest, 'segments' | 'query'>,
): Promise<{ logs: Readable; limit: number | undefined }> {
  const [, namespace = '', pod = '', name = ''] = segments
  const container = containerOf(options, { namespace, pod, container: name }, query.get('previous') === 'true')
  const limit = wholeNumber(query, 'limitBytes', 1)
  const tail = wholeNumber(query, 'tailLines', 0)
  const since = sinceOf(query)
  const logs = await options.runtime.logs(container.id, {
    follow: query.get('follow') === 'true' && container.state === 'running',
    timestamps: query.get('timestamps') === 'true',
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
  })
  logs.on('error', () => undefined)
  return { logs, limit }
}

/** An integer parameter. @throws RequestRefused 400 */
export function wholeNumber(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text) || Number(text) < least) throw new RequestRefused(400, `${name} is not a valid number`)
  return Number(text)
}

/** Seconds since the epoch. @throws RequestRefused 400 */
function sinceOf(query: URLSearchParams): number | undefined {
  const seconds = wholeNumber(query, 'sinceSeconds', 0)
  if (seconds !== undefined) return Math.floor(Date.now() / 1_000) - seconds
  const text = query.get('sinceTime')
  if (!text) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new RequestRefused(400, 'sinceTime is not a valid time')
  return time / 1_000
}

function podOf({ findPod }: Pick<PodAccessOptions, 'findPod'>, { namespace, pod, uid }: PodTarget): FoundPod {
  const found = findPod(namespace, pod)
  if (!found || (uid !== undefined && uid !== found.uid))
    throw new RequestRefused(404, `pod "${namespace}/${pod}" is not on this node`)
  return found
}

/** @param previous the last run that has ended: while the container waits for its next one, that is the newest */
function containerOf(options: PodAccessOptions, request: ContainerTarget, previous = false): ObservedContainer {
  const pod = podOf(options, request)
  const attempts = options.runtime
    .containers(pod.uid)
    .filter(({ name, sandbox }) => !sandbox && name === request.container)
  const begun = attempts.filter(({ state }) => state !== 'created')
  const newest = begun.at(-1)
  const isWaiting = newest?.state === 'exited' && pod.waiting?.includes(request.container)
  const chosen = previous && !isWaiting ? begun.at(-2) : newest
  if (chosen) return chosen
  const container = `container "${request.container}" in pod "${request.pod}"`
  throw new RequestRefused(
    400,
    previous ? `previous terminated ${container} not found` : `${container} is waiting to start: ContainerCreating`,
  )
}

function running(container: ObservedContainer): ObservedContainer {
  if (container.state === 'running') return container
  throw new RequestRefused(400, `container ${container.name} is not running`)
}
