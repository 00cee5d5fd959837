import { isQuantity } from './quantity.ts'

/**
 * The settings of simulated pods: delays, failures and usage. A cluster, a node or a pod sets them; for nodes and pods
 * they are annotations `simulated.slipway.dev/<setting>`, or `simulated.slipway.dev/<setting>.<container>` for one
 * container. The pod's own come first, then those of its node, then the cluster's.
 */

/** Label and annotation that mark every simulated node. */
export const simulatedMark = 'slipway.dev/simulated'
export const simulatedPrefix = 'simulated.slipway.dev/'
/** Annotation of a node: its kubelet says nothing, as after a power cut. */
export const silentAnnotation = `${simulatedPrefix}silent`

type SettingKind = 'duration' | 'count' | 'exit-code' | 'text' | 'usage'

/** Every setting with the kind of its value. */
export const simulationSettings = {
  /** How long the image of a container is pulled. */
  'pull-delay': 'duration',
  /** How long a container takes to start after that. */
  'start-delay': 'duration',
  /** How long a container takes to be ready once it runs; at least what its probes' initial delays make of it. */
  'ready-delay': 'duration',
  /** How long a container takes to stop; beyond the pod's grace period it is killed. */
  'stop-delay': 'duration',
  /** How long a container runs before it exits. */
  'run-duration': 'duration',
  /** The same for containers that are not restarted for ever: init containers, and those of Jobs. */
  'job-duration': 'duration',
  /** What it exits with. */
  'exit-code': 'exit-code',
  /** Only its first so many runs exit with that code; later ones exit with 0, or run on where they are to be restarted. */
  'fail-runs': 'count',
  /** How long a container runs before it is killed for its memory. */
  'oom-after': 'duration',
  /** The image cannot be pulled, for this reason. */
  'pull-error': 'text',
  /** Only the first so many pulls fail. */
  'pull-failures': 'count',
  /** The container cannot be created, for this reason: what it refers to is missing. */
  'config-error': 'text',
  /** A ready container ceases to be so after this time … */
  'unready-every': 'duration',
  /** … for this long. */
  'unready-for': 'duration',
  /** Usage: `250m`, `40%` of the request, `40%~20%` with noise, `100m..400m/10m` as a sine wave with a period. */
  'cpu-usage': 'usage',
  'memory-usage': 'usage',
} as const satisfies Record<string, SettingKind>
export type SimulationSetting = keyof typeof simulationSettings

/** Names of settings, with or without a container's name, to their values. */
export type SimulationSettings = ReadonlyMap<string, string>

/** Older names of two settings, with a value in seconds and an exit code. */
const olderNames: Record<string, SimulationSetting> = {
  'slipway.dev/simulated-run-seconds': 'run-duration',
  'slipway.dev/simulated-exit-code': 'exit-code',
}

/** What annotations set, and what is wrong with them; wrong ones count as unset. */
export function settingsOf(annotations: Readonly<Record<string, string>> | undefined): {
  settings: SimulationSettings
  problems: string[]
} {
  const settings = new Map<string, string>()
  const problems: string[] = []
  for (const [annotation, value] of Object.entries(annotations ?? {})) {
    const name = annotation.startsWith(simulatedPrefix)
      ? annotation.slice(simulatedPrefix.length)
      : olderNames[annotation]
    if (name === undefined || annotation === silentAnnotation) continue
    const problem = settingProblem(name, value)
    if (problem === undefined) settings.set(name, value)
    else problems.push(`${annotation}: ${problem}`)
  }
  return { settings, problems }
}

/** What is wrong with a setting; undefined when nothing is. @param name with or without a container's name */
export function settingProblem(name: string, value: string): string | undefined {
  const setting = baseOf(name)
  if (setting === undefined) return `is no setting; there are ${Object.keys(simulationSettings).join(', ')}`
  const kind = simulationSettings[setting]
  if (kind === 'text') return value === '' ? 'must not be empty' : undefined
  if (kind === 'duration')
    return parseDuration(value) === undefined ? `${quoted(value)} is no duration (such as 1m30s, 500ms)` : undefined
  if (kind === 'usage')
    return parseUsage(value) === undefined
      ? `${quoted(value)} is no usage (such as 250m, 40%, 40%~20%, 100m..400m/10m)`
      : undefined
  const most = kind === 'exit-code' ? 255 : 2 ** 31 - 1
  return /^\d{1,10}$/.test(value) && Number(value) <= most
    ? undefined
    : `${quoted(value)} is no whole number from 0 to ${most}`
}

const quoted = (value: string): string => JSON.stringify(value.slice(0, 80))

function baseOf(name: string): SimulationSetting | undefined {
  const [base = ''] = name.split('.')
  return Object.hasOwn(simulationSettings, base) ? (base as SimulationSetting) : undefined
}

/** Longest duration that a setting may have, ms: ten years. */
const longest = 10 * 365 * 86_400_000
const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration such as `1m30s`, or a number of seconds, in ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (/^\d{1,12}(\.\d{1,6})?$/.test(text)) return within(Number(text) * 1_000)
  if (!/^(\d{1,12}(\.\d{1,6})?(ms|[smhd]))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/([\d.]+)(ms|[smhd])/g))
    sum += Number(amount) * (unitMs[unit] ?? 0)
  return within(sum)
}

const within = (ms: number): number | undefined => (ms <= longest ? ms : undefined)

/** An amount: absolute as a quantity, or relative to the container's request. */
export type UsageAmount = { quantity: string } | { ofRequest: number }

export interface Usage {
  low: UsageAmount
  /** Equal to `low` unless it swings. */
  high: UsageAmount
  /** Of the swing between both, ms. */
  periodMs?: number
  /** Share by which it deviates in either direction, 0 to 1. */
  noise: number
}

/** `AMOUNT`, `AMOUNT~P%`, or `LOW..HIGH/PERIOD`; undefined when it is none of these. */
export function parseUsage(text: string): Usage | undefined {
  const swing = /^([^~/]+?)\.\.([^~/]+)\/(.+)$/.exec(text)
  if (swing) {
    const [, low, high, period] = swing
    const [from, to, periodMs] = [amountOf(low), amountOf(high), parseDuration(period ?? '')]
    return from && to && periodMs ? { low: from, high: to, periodMs, noise: 0 } : undefined
  }
  const [base, noise, ...rest] = text.split('~')
  const amount = amountOf(base)
  const share = noise === undefined ? 0 : percent(noise)
  if (!amount || share === undefined || share > 1 || rest.length > 0) return undefined
  return { low: amount, high: amount, noise: share }
}

function amountOf(text = ''): UsageAmount | undefined {
  const share = percent(text)
  if (share !== undefined) return { ofRequest: share }
  return isQuantity(text) && !text.startsWith('-') ? { quantity: text } : undefined
}

function percent(text: string): number | undefined {
  const [, digits] = /^(\d{1,6}(?:\.\d{1,3})?)%$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits) / 100
}
