import type { Container, Pod } from '#shared/kube/generated/types.ts'
import type { ContainerKind, RestartPolicy } from '#shared/kube/kubelet/container-restart.ts'
import { isRestartableInit } from '#shared/kube/pod.ts'
import {
  parseDuration,
  parseUsage,
  settingsOf,
  type SimulationSetting,
  type SimulationSettings,
  type Usage,
} from '#shared/kube/simulation.ts'

/** How one container of a simulated pod behaves. Times in ms; Infinity = never. */
export interface Behaviour {
  pullMs: number
  startMs: number
  readyMs: number
  stopMs: number
  /** From its start to its exit. */
  runMs: number
  exitCode: number
  /** Runs, from the first, that exit with that code. */
  failRuns: number
  oomMs: number
  pullError: string | undefined
  /** Pulls, from the first, that fail. */
  pullFailures: number
  configError: string | undefined
  unreadyEveryMs: number
  unreadyForMs: number
  cpu: Usage
  memory: Usage
}

/** Settings from the nearest to the furthest: of the pod, its node, the cluster. */
export type SettingLayers = readonly SimulationSettings[]

const defaults: SimulationSettings = new Map<SimulationSetting, string>([
  ['start-delay', '200ms'],
  ['stop-delay', '200ms'],
  ['job-duration', '1s'],
  ['unready-for', '10s'],
  ['cpu-usage', '30%'],
  ['memory-usage', '60%'],
])

/** How a container ends concerns the main containers, unless it is set for the container itself. */
const onlyOfMain: ReadonlySet<SimulationSetting> = new Set<SimulationSetting>([
  'run-duration',
  'exit-code',
  'fail-runs',
  'oom-after',
  'pull-error',
  'pull-failures',
  'config-error',
  'unready-every',
])

/** The settings that apply to a pod, without empty layers, and what is wrong with its own. */
export function layersOf(
  { metadata }: Pod,
  others: SettingLayers,
): { layers: SettingLayers; problems: readonly string[] } {
  if (!metadata.annotations) return { layers: others, problems: [] }
  const { settings, problems } = settingsOf(metadata.annotations)
  return { layers: settings.size > 0 ? [settings, ...others] : others, problems }
}

export interface PodContainer {
  container: Container
  kind: ContainerKind
}

/** The containers of a pod with their kinds, in the order in which they start. */
export function containersOf({ spec }: Pod): PodContainer[] {
  const ephemeral: readonly Container[] = spec?.ephemeralContainers ?? []
  return [
    ...(spec?.initContainers ?? []).map((container) => ({
      container,
      kind: isRestartableInit(container) ? ('sidecar' as const) : ('init' as const),
    })),
    ...(spec?.containers ?? []).map((container) => ({ container, kind: 'main' as const })),
    ...ephemeral.map((container) => ({ container, kind: 'ephemeral' as const })),
  ]
}

/** How a container behaves, by the settings that apply to its pod. */
export function behaviourOf({ name }: Container, kind: ContainerKind, pod: Pod, layers: SettingLayers): Behaviour {
  const value = (setting: SimulationSetting): string | undefined => {
    for (const layer of layers) {
      const own = layer.get(`${setting}.${name}`)
      if (own !== undefined) return own
      const shared = layer.get(setting)
      if (shared !== undefined && (kind === 'main' || !onlyOfMain.has(setting))) return shared
    }
    return defaults.get(setting)
  }
  const ms = (setting: SimulationSetting, unset: number): number => parseDuration(value(setting) ?? '') ?? unset
  const count = (setting: SimulationSetting, unset: number): number => {
    const text = value(setting)
    return text === undefined ? unset : Number(text)
  }
  const usage = (setting: 'cpu-usage' | 'memory-usage'): Usage => parseUsage(value(setting) ?? '') ?? idle
  const exitCode = count('exit-code', 0)
  const endsByItself =
    kind === 'init' || (kind === 'main' && (exitCode !== 0 || (pod.spec?.restartPolicy ?? 'Always') !== 'Always'))
  return {
    pullMs: ms('pull-delay', 0),
    startMs: ms('start-delay', 0),
    readyMs: ms('ready-delay', 0),
    stopMs: ms('stop-delay', 0),
    runMs: ms('run-duration', endsByItself ? ms('job-duration', 0) : Infinity),
    exitCode,
    failRuns: count('fail-runs', Infinity),
    oomMs: ms('oom-after', Infinity),
    pullError: value('pull-error'),
    pullFailures: count('pull-failures', Infinity),
    configError: value('config-error'),
    unreadyEveryMs: ms('unready-every', Infinity),
    unreadyForMs: ms('unready-for', 0),
    cpu: usage('cpu-usage'),
    memory: usage('memory-usage'),
  }
}

const idle: Usage = { low: { quantity: '0' }, high: { quantity: '0' }, noise: 0 }

/** When a run that began at `since` ends by itself, and how; undefined when it goes on. */
export function endOf(
  { runMs, exitCode, failRuns, oomMs }: Behaviour,
  { since, attempt, policy }: { since: number; attempt: number; policy: RestartPolicy },
): { at: number; exitCode: number; oomKilled: boolean } | undefined {
  const fails = attempt < failRuns
  if (fails && oomMs !== Infinity) return { at: since + oomMs, exitCode: 137, oomKilled: true }
  // A container whose failures are over runs on where its end would only restart it.
  const isCured = !fails && policy === 'Always' && exitCode !== 0
  if (isCured || runMs === Infinity) return undefined
  return { at: since + runMs, exitCode: fails ? exitCode : 0, oomKilled: false }
}

/** The delay that probes cause, ms: the first of a kind passes after its initial delay, then as often as it must. */
export function probeDelays({ startupProbe, readinessProbe }: Container): { started: number; ready: number } {
  const seconds = ({ initialDelaySeconds = 0, periodSeconds = 10, successThreshold = 1 }): number =>
    initialDelaySeconds + periodSeconds * (successThreshold - 1)
  const started = startupProbe ? seconds(startupProbe) * 1_000 : 0
  return { started, ready: Math.max(started, readinessProbe ? seconds(readinessProbe) * 1_000 : 0) }
}

/** Whether a container that could be ready since `from` is so now, and when that changes. */
export function readinessAt(
  from: number,
  { unreadyEveryMs, unreadyForMs }: Behaviour,
  now: number,
): { ready: boolean; until: number } {
  if (now < from) return { ready: false, until: from }
  if (unreadyEveryMs === Infinity || unreadyForMs === 0) return { ready: true, until: Infinity }
  const round = unreadyEveryMs + unreadyForMs
  const begun = from + Math.floor((now - from) / round) * round
  return now < begun + unreadyEveryMs
    ? { ready: true, until: begun + unreadyEveryMs }
    : { ready: false, until: begun + round }
}
