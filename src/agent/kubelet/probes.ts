import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect, type LookupFunction } from 'node:net'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Container, HTTPGetAction, Probe } from '#shared/kube/generated/types.ts'
import { grpcProbe } from './grpc-probe.ts'
import { dialTarget, type PodHost } from './pod-host.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProbeOutcome {
  ok: boolean
  message: string
  /** Passed, with something that its owner should know. */
  warning?: string
}

export interface ProberOptions {
  container: Container
  podIp: string
  /** Whether the pod shares the worker's network. */
  hostNetwork: boolean
  /** The startup probe has already passed, before the agent was restarted. */
  started?: boolean
  /** Runs a command in the container. */
  exec(command: readonly string[], timeoutMs: number): Promise<{ code: number; output: string }>
  clock: Clock
  /** The verdict changed, after as many consecutive results as the probe's threshold. */
  onVerdict(kind: ProbeKind, passed: boolean, message: string): void
  /** Each single failure, for the Unhealthy event. */
  onFailure(kind: ProbeKind, message: string): void
  /** Passed, but not as its owner may think: for the ProbeWarning event. */
  onWarning?(kind: ProbeKind, message: string): void
  /** Each single result, for the metrics. */
  onResult?(kind: ProbeKind, ok: boolean): void
}

/** The probes of one running container. */
export interface RunningProbes {
  stop(): void
  /** The container is being stopped: whether it is ready still matters, whether it lives does not. */
  keepReadiness(): void
}

/**
 * Runs the probes of one running container until stopped. Liveness and readiness wait for the startup probe to pass
 * (Kubernetes: "Configure Liveness, Readiness and Startup Probes").
 */
export function startProbes(options: ProberOptions): RunningProbes {
  const { container } = options
  const stops = new Map<ProbeKind, Stop>()
  const rest = (): void => {
    if (container.livenessProbe) stops.set('liveness', runProbe('liveness', container.livenessProbe, options))
    if (container.readinessProbe) stops.set('readiness', runProbe('readiness', container.readinessProbe, options))
  }
  if (container.startupProbe && !options.started) {
    const startup = runProbe('startup', container.startupProbe, {
      ...options,
      onVerdict(kind, passed, message) {
        void startup()
        options.onVerdict(kind, passed, message)
        if (passed) rest()
      },
    })
    stops.set('startup', startup)
  } else rest()
  return {
    stop() {
      for (const stop of stops.values()) void stop()
    },
    keepReadiness() {
      void stops.get('startup')?.()
      void stops.get('liveness')?.()
    },
  }
}

function runProbe(kind: ProbeKind, probe: Probe, options: ProberOptions): Stop {
  const { clock } = options
  const period = (probe.periodSeconds ?? 10) * 1_000
  let stopped = false
  let timer: Stop = () => undefined
  let inRow = { ok: false, count: 0 }
  let verdict: boolean | undefined = kind === 'liveness' ? true : undefined

  const tick = async (): Promise<void> => {
    const outcome = await probeOnce(probe, options)
    if (stopped) return
    options.onResult?.(kind, outcome.ok)
    if (!outcome.ok) options.onFailure(kind, outcome.message)
    if (outcome.warning !== undefined) options.onWarning?.(kind, outcome.warning)
    inRow = inRow.ok === outcome.ok ? { ok: outcome.ok, count: inRow.count + 1 } : { ok: outcome.ok, count: 1 }
    const needed = outcome.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
    if (inRow.count >= needed && verdict !== outcome.ok) {
      verdict = outcome.ok
      options.onVerdict(kind, outcome.ok, outcome.message)
    }
    if (!stopped) timer = clock.after(period, () => void tick())
  }
  timer = clock.after((probe.initialDelaySeconds ?? 0) * 1_000, () => void tick())
  return () => {
    stopped = true
    void timer()
  }
}

async function probeOnce(probe: Probe, { container, podIp, hostNetwork, exec }: ProberOptions): Promise<ProbeOutcome> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1_000
  try {
    if (probe.exec) {
      const { code, output } = await exec(probe.exec.command ?? [], timeout)
      return { ok: code === 0, message: output.trim().slice(0, 1_000) }
    }
    if (probe.httpGet) {
      const port = portOf(container, probe.httpGet.port)
      return await httpProbe(probe.httpGet, { port, podIp, hostNetwork, timeout })
    }
    if (probe.tcpSocket) {
      const { host, port } = probe.tcpSocket
      return await tcpProbe({ host, podIp, hostNetwork }, portOf(container, port), timeout)
    }
    if (probe.grpc)
      return await grpcProbe({ host: podIp, port: probe.grpc.port, service: probe.grpc.service ?? '', timeout })
    return { ok: false, message: 'the probe has no handler' }
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
}

/** A port by its number or its name in the container. */
export function portOf(container: Container, port: number | string): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port)
  if (!Number.isInteger(named)) throw new Error(`couldn't find port: ${port}`)
  return named
}

/** Maximum redirects of a probe; a redirect to another host counts as success (kubelet: `RedirectChecker`). */
const mostRedirects = 10

interface HttpTarget {
  isSecure: boolean
  host: string
  port: number
  path: string
}

/**
 * A status from 200 to 399 passes; like the kubelet, this does not verify certificates. Only headers of the pod's spec
 * are sent: no credentials.
 * @param options.timeout total, ms
 */
export async function httpProbe(
  action: HTTPGetAction,
  { port, podIp, hostNetwork, timeout }: { port: number; podIp: string; hostNetwork: boolean; timeout: number },
): Promise<ProbeOutcome> {
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]))
  const signal = AbortSignal.timeout(timeout)
  const named = action.host === '' ? undefined : action.host
  const isSecure = action.scheme === 'HTTPS'
  let target: HttpTarget = { isSecure, host: named ?? podIp, port, path: action.path ?? '/' }
  try {
    const { lookup } = dialTarget({ host: named, podIp, hostNetwork })
    for (let redirects = 0; ; redirects++) {
      const { status, location, body } = await ask(target, { headers, signal, lookup })
      const next = location === undefined ? undefined : redirectedTo(target, status, location)
      if (!next) {
        const ok = status >= 200 && status < 400
        const message = `HTTP probe failed with statuscode: ${status}`
        // A redirect that is not followed passes, although nobody knows what it leads to (kubelet: http.go).
        return ok && status >= 300
          ? { ok, message, warning: `Probe terminated redirects, Response body: ${body}` }
          : { ok, message }
      }
      if (redirects === mostRedirects) throw new Error(`stopped after ${mostRedirects} redirects`)
      target = next
    }
  } catch (error) {
    const message = signal.aborted ? 'context deadline exceeded' : messageOf(error)
    return { ok: false, message: `Get "${urlOf(target)}": ${message}` }
  }
}

const urlOf = ({ isSecure, host, port, path }: HttpTarget): string =>
  `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

/** The URL of a redirect on the same host; undefined when the response is not a redirect or leads elsewhere. */
function redirectedTo(from: HttpTarget, status: number, location: string): HttpTarget | undefined {
  if (!isRedirect(status) || !URL.canParse(location, urlOf(from))) return undefined
  const next = new URL(location, urlOf(from))
  const isSecure = next.protocol === 'https:'
  if (next.hostname !== new URL(urlOf(from)).hostname || (!isSecure && next.protocol !== 'http:')) return undefined
  const port = Number(next.port) || (isSecure ? 443 : 80)
  return { isSecure, host: from.host, port, path: next.pathname + next.search }
}

function ask(
  { isSecure, host, port, path }: HttpTarget,
  {
    headers,
    signal,
    lookup,
  }: { headers: Record<string, string>; signal: AbortSignal; lookup: LookupFunction | undefined },
): Promise<{ status: number; location: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? secureRequest : request)(
      {
        host,
        port,
        path,
        headers: { 'user-agent': 'kube-probe/1.36', accept: '*/*', ...headers },
        signal,
        agent: false,
        ...(lookup ? { lookup } : {}),
        ...(isSecure ? { rejectUnauthorized: false } : {}),
      },
      (response) => {
        const { statusCode: status = 0 } = response
        const answer = (body: string): void => {
          // Only the status counts; the body may be endless.
          response.destroy()
          resolve({ status, location: response.headers.location, body })
        }
        if (status < 300 || status >= 400) answer('')
        else headOf(response).then(answer, reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Bytes of a body that are shown. */
const mostBody = 10 * 1_024

async function headOf(body: AsyncIterable<Buffer | string>): Promise<string> {
  let text = ''
  for await (const piece of body) {
    text += String(piece)
    if (text.length >= mostBody) return text.slice(0, mostBody)
  }
  return text
}

function tcpProbe(pod: PodHost, port: number, timeout: number): Promise<ProbeOutcome> {
  const { host, lookup } = dialTarget(pod)
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout, ...(lookup ? { lookup } : {}) })
    const end = (outcome: ProbeOutcome): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.once('connect', () => end({ ok: true, message: '' }))
    socket.once('timeout', () => end({ ok: false, message: `dial tcp ${host}:${port}: i/o timeout` }))
    socket.once('error', (error) => end({ ok: false, message: `dial tcp ${host}:${port}: ${error.message}` }))
  })
}
