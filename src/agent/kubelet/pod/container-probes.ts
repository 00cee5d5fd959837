import type { Clock } from '#shared/base/clock.ts'
import type { Container, ContainerStatus } from '#shared/kube/generated/types.ts'
import { startProbes, type ProbeKind, type RunningProbes } from '../probes.ts'

export interface ContainerProbesOptions {
  clock: Clock
  exec(containerId: string, command: readonly string[], timeoutMs: number): Promise<{ code: number; output: string }>
  /** A single probe failed. */
  onFailure(message: string): void
  /** A probe passed with a warning. */
  onWarning(message: string): void
  /** A single probe has a result. */
  onResult?(kind: ProbeKind, ok: boolean): void
  /** Readiness or start changed. */
  onChange(): void
  /** The container failed its startup or liveness probe. @param grace seconds, where the probe says so */
  onKill(containerId: string, kind: ProbeKind, grace: number | undefined): void
}

/** The probes of one container, which follow its newest attempt, and their verdicts. */
export class ContainerProbes {
  readonly #options: ContainerProbesOptions
  #running: { id: string; probes: RunningProbes } | undefined
  #started: boolean | undefined
  #ready: boolean | undefined

  constructor(options: ContainerProbesOptions) {
    this.#options = options
  }

  /** Whether the startup probe has passed; undefined without one. */
  get started(): boolean | undefined {
    return this.#started
  }

  /** Whether the container is ready; undefined without a readiness or startup probe. */
  get ready(): boolean | undefined {
    return this.#ready
  }

  /** A new attempt begins: the verdicts about the last one are void. */
  reset(): void {
    this.#started = undefined
    this.#ready = undefined
  }

  /**
   * Probes an attempt, from now until `end`; does nothing for one that is probed already.
   * @param reported what the pod's status says of this attempt: after a restart of the agent it keeps the verdicts that
   * it had, until its probes give new ones
   */
  watch(
    id: string,
    container: Container,
    network: { podIp: string; hostNetwork: boolean },
    reported: ContainerStatus | undefined,
  ): void {
    if (this.#running?.id === id) return
    this.#running?.probes.stop()
    const { clock, exec, onFailure } = this.#options
    const started = reported?.started === true
    if (container.startupProbe) this.#started = started
    if (container.readinessProbe ?? container.startupProbe) this.#ready = reported?.ready === true && started
    const probes = startProbes({
      container,
      started,
      ...network,
      clock,
      exec: (command, timeoutMs) => exec(id, command, timeoutMs),
      onFailure: (kind, message) => onFailure(`${titles[kind]} probe failed: ${message}`),
      onWarning: (kind, message) => this.#options.onWarning(`${titles[kind]} probe warning: ${message}`),
      onResult: (kind, ok) => this.#options.onResult?.(kind, ok),
      onVerdict: (kind, passed) => this.#take(id, container, kind, passed),
    })
    this.#running = { id, probes }
  }

  /** An attempt is being stopped: from now on only its readiness is probed. */
  keepReadiness(id: string): void {
    if (this.#running?.id === id) this.#running.probes.keepReadiness()
  }

  /** Ends the probes of one attempt, or of whichever is probed. */
  end(id = this.#running?.id): void {
    if (this.#running?.id !== id) return
    this.#running?.probes.stop()
    this.#running = undefined
  }

  #take(id: string, container: Container, kind: ProbeKind, passed: boolean): void {
    const { onChange, onKill } = this.#options
    if (kind !== 'readiness' && !passed) {
      const probe = kind === 'startup' ? container.startupProbe : container.livenessProbe
      onKill(id, kind, probe?.terminationGracePeriodSeconds)
      return
    }
    if (kind === 'readiness') this.#ready = passed
    if (kind === 'startup') {
      this.#started = true
      if (!container.readinessProbe) this.#ready = true
    }
    onChange()
  }
}

const titles: Record<ProbeKind, string> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }
