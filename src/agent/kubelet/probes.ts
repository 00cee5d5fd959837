import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect } from 'node:net'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Container, HTTPGetAction, Probe } from '#shared/kube/generated/types.ts'
import { grpcProbe } from './grpc-probe.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProbeOutcome {
  ok: boolean
  message: string
}

export interface ProberOptions {
  container: Container
  podIp: string
  /** The startup probe has passed already, before the agent was started anew. */
  started?: boolean
  /** Runs a command in the container. */
  exec(command: readonly string[], timeoutMs: number): Promise<{ code: number; output: string }>
  clock: Clock
  /** The verdict changed: after as many results in a row as the probe's thresholds ask for. */
  onVerdict(kind: ProbeKind, passed: boolean, message: string): void
  /** Each single failure, for the Unhealthy event. */
  onFailure(kind: ProbeKind, message: string): void
}

/**
 * Runs the probes of one running container until stopped. Liveness and readiness wait for the startup probe to pass
 * (Kubernetes: "Configure Liveness, Readiness and Startup Probes").
 */
export function startProbes(options: ProberOptions): Stop {
  const { container } = options
  const stops: Stop[] = []
  const rest = (): void => {
    if (container.livenessProbe) stops.push(runProbe('liveness', container.livenessProbe, options))
    if (container.readinessProbe) stops.push(runProbe('readiness', container.readinessProbe, options))
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
    stops.push(startup)
  } else rest()
  return () => {
    for (const stop of stops) void stop()
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
    if (!outcome.ok) options.onFailure(kind, outcome.message)
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

async function probeOnce(probe: Probe, { container, podIp, exec }: ProberOptions): Promise<ProbeOutcome> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1_000
  try {
    if (probe.exec) {
      const { code, output } = await exec(probe.exec.command ?? [], timeout)
      return { ok: code === 0, message: output.trim().slice(0, 1_000) }
    }
    if (probe.httpGet) return await httpProbe(probe.httpGet, portOf(container, probe.httpGet.port), podIp, timeout)
    if (probe.tcpSocket)
      return await tcpProbe(probe.tcpSocket.host ?? podIp, portOf(container, probe.tcpSocket.port), timeout)
    if (probe.grpc)
      return await grpcProbe({ host: podIp, port: probe.grpc.port, service: probe.grpc.service ?? '', timeout })
    return { ok: false, message: 'the probe names nothing to ask' }
  } catch (error) {
    return { ok: false, message: (error as Error).message }
  }
}

/** A port by its number or its name in the container. */
export function portOf(container: Container, port: number | string): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port)
  if (!Number.isInteger(named)) throw new Error(`couldn't find port: ${port}`)
  return named
}

/** Any answer from 200 to 399 passes; certificates are not checked, as the kubelet does not. */
export function httpProbe(action: HTTPGetAction, port: number, podIp: string, timeout: number): Promise<ProbeOutcome> {
  const secure = action.scheme === 'HTTPS'
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]))
  return new Promise((resolve) => {
    const outgoing = (secure ? secureRequest : request)(
      {
        host: action.host ?? podIp,
        port,
        path: action.path ?? '/',
        headers: { 'user-agent': 'kube-probe/1.36', accept: '*/*', ...headers },
        timeout,
        agent: false,
        ...(secure ? { rejectUnauthorized: false } : {}),
      },
      (response) => {
        response.resume()
        const status = response.statusCode ?? 0
        resolve({ ok: status >= 200 && status < 400, message: `HTTP probe failed with statuscode: ${status}` })
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('context deadline exceeded')))
    outgoing.on('error', (error) =>
      resolve({
        ok: false,
        message: `Get "${secure ? 'https' : 'http'}://${action.host ?? podIp}:${port}${action.path ?? '/'}": ${error.message}`,
      }),
    )
    outgoing.end()
  })
}

function tcpProbe(host: string, port: number, timeout: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout })
    const end = (outcome: ProbeOutcome): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.once('connect', () => end({ ok: true, message: '' }))
    socket.once('timeout', () => end({ ok: false, message: `dial tcp ${host}:${port}: i/o timeout` }))
    socket.once('error', (error) => end({ ok: false, message: `dial tcp ${host}:${port}: ${error.message}` }))
  })
}
