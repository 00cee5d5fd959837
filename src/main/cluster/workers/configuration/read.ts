import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { messageOf } from '#shared/base/message-of.ts'
import {
  defaultKubeletSettings,
  evictionSignals,
  type Amount,
  type EvictionSignal,
  type KubeletSettings,
  type ShutdownGrace,
  type Threshold,
} from '#shared/kube/kubelet/settings.ts'
import { parseDuration } from '#shared/kube/simulation.ts'
import { isQuantity, parseQuantity } from '#shared/kube/quantity.ts'

/**
 * What a cluster's `kubelet.yaml` says of its workers' kubelets; undefined where there is none.
 * @throws Error of one line, which names the file and the field, where it is not a valid KubeletConfiguration
 */
export async function readKubeletConfiguration(file: string): Promise<KubeletSettings | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return kubeletSettingsOf(text)
  } catch (error) {
    const [line = ''] = messageOf(error).split('\n')
    throw new Error(`${file}: ${line}`, { cause: error })
  }
}

/** @param text YAML or JSON @throws Error that names the first invalid field */
export function kubeletSettingsOf(text: string): KubeletSettings {
  const result = configurationSchema.safeParse(parse(text))
  if (!result.success) {
    const [issue] = result.error.issues
    const where = issue?.path.map(String).join('.')
    throw new Error(where ? `${where}: ${issue?.message ?? ''}` : (issue?.message ?? ''))
  }
  const input = result.data
  const defaults = defaultKubeletSettings
  const settings: KubeletSettings = {
    eviction: {
      thresholds: thresholdsOf(input),
      transitionMs: input.evictionPressureTransitionPeriod ?? defaults.eviction.transitionMs,
      maxPodGraceSeconds: input.evictionMaxPodGracePeriod,
    },
    images: {
      ...(input.imageGCHighThresholdPercent === undefined ? {} : { highPercent: input.imageGCHighThresholdPercent }),
      ...(input.imageGCLowThresholdPercent === undefined ? {} : { lowPercent: input.imageGCLowThresholdPercent }),
      minimumAgeMs: input.imageMinimumGCAge ?? defaults.images.minimumAgeMs,
      maximumAgeMs: input.imageMaximumGCAge ?? defaults.images.maximumAgeMs,
      parallelPulls: input.serializeImagePulls ? 1 : (input.maxParallelImagePulls ?? defaults.images.parallelPulls),
    },
    staticPodPath: input.staticPodPath ?? defaults.staticPodPath,
    shutdown: shutdownOf(input),
  }
  checkImages(input)
  return settings
}

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms === undefined) context.addIssue('must be a duration such as 1m30s')
  return ms ?? 0
})

const amount = z.string().transform((text, context): Amount => {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]
  if (percent !== undefined) {
    const share = Number(percent) / 100
    if (share <= 0 || share > 1) context.addIssue('must be greater than 0% and at most 100%')
    return { share }
  }
  if (!isQuantity(text)) context.addIssue('must be a quantity such as 100Mi, or a percentage such as 10%')
  else if (parseQuantity(text).nano <= 0n) context.addIssue('must be greater than 0')
  return { quantity: text }
})

const bySignal = <Value extends z.ZodType>(value: Value) => z.partialRecord(z.enum(evictionSignals), value)

const percent = (name: string) =>
  z
    .number()
    .int()
    .min(0, `${name} must be between 0 and 100, inclusive`)
    .max(100, `${name} must be between 0 and 100, inclusive`)

const configurationSchema = z.strictObject({
  apiVersion: z.literal('kubelet.config.k8s.io/v1beta1'),
  kind: z.literal('KubeletConfiguration'),
  evictionHard: bySignal(amount).optional(),
  evictionSoft: bySignal(amount).default({}),
  evictionSoftGracePeriod: bySignal(duration).default({}),
  evictionMinimumReclaim: bySignal(amount).default({}),
  mergeDefaultEvictionSettings: z.boolean().default(false),
  evictionPressureTransitionPeriod: duration.optional(),
  evictionMaxPodGracePeriod: z.number().int().min(0).default(0),
  imageGCHighThresholdPercent: percent('imageGCHighThresholdPercent').optional(),
  imageGCLowThresholdPercent: percent('imageGCLowThresholdPercent').optional(),
  imageMinimumGCAge: duration.optional(),
  imageMaximumGCAge: duration.optional(),
  serializeImagePulls: z.boolean().default(false),
  maxParallelImagePulls: z.number().int().min(1).optional(),
  staticPodPath: z.string().startsWith('/', 'must be an absolute path').optional(),
  shutdownGracePeriod: duration.optional(),
  shutdownGracePeriodCriticalPods: duration.default(0),
  shutdownGracePeriodByPodPriority: z
    .array(z.strictObject({ priority: z.number().int(), shutdownGracePeriodSeconds: z.number().int().min(0) }))
    .optional(),
})
type Input = z.output<typeof configurationSchema>

function thresholdsOf(input: Input): Threshold[] {
  const { evictionHard, evictionSoft, evictionSoftGracePeriod, evictionMinimumReclaim } = input
  const withReclaim = (threshold: Threshold): Threshold => {
    const minimumReclaim = evictionMinimumReclaim[threshold.signal]
    return minimumReclaim ? { ...threshold, minimumReclaim } : threshold
  }
  const defaults = defaultKubeletSettings.eviction.thresholds
  const kept = evictionHard && !input.mergeDefaultEvictionSettings ? [] : defaults
  const hard = entriesOf(evictionHard ?? {}).map(([signal, value]) => ({ signal, value, graceMs: 0 }))
  const soft = entriesOf(evictionSoft).map(([signal, value]) => {
    const graceMs = evictionSoftGracePeriod[signal]
    if (graceMs === undefined)
      throw new Error(`evictionSoft: grace period must be specified for the soft eviction threshold ${signal}`)
    return { signal, value, graceMs }
  })
  return [...kept.filter(({ signal }) => !hard.some((own) => own.signal === signal)), ...hard, ...soft].map(withReclaim)
}

const entriesOf = <Value>(record: Partial<Record<EvictionSignal, Value>>): [EvictionSignal, Value][] =>
  Object.entries(record) as [EvictionSignal, Value][]

function checkImages({ imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low }: Input): void {
  if (high !== undefined && low !== undefined && low >= high)
    throw new Error(
      `imageGCLowThresholdPercent: imageGCLowThresholdPercent ${low} must be less than imageGCHighThresholdPercent ${high}`,
    )
}

/** Of `system-cluster-critical`. */
const criticalPriority = 2_000_000_000

function shutdownOf(input: Input): readonly ShutdownGrace[] {
  const {
    shutdownGracePeriod: all,
    shutdownGracePeriodCriticalPods: critical,
    shutdownGracePeriodByPodPriority,
  } = input
  if (shutdownGracePeriodByPodPriority && all !== undefined)
    throw new Error(
      'shutdownGracePeriodByPodPriority: cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time',
    )
  if (shutdownGracePeriodByPodPriority)
    return shutdownGracePeriodByPodPriority
      .map(({ priority, shutdownGracePeriodSeconds: seconds }) => ({ priority, seconds }))
      .sort((a, b) => a.priority - b.priority)
  if (all === undefined) return defaultKubeletSettings.shutdown
  if (critical > all)
    throw new Error('shutdownGracePeriodCriticalPods: must be less than or equal to shutdownGracePeriod')
  if (all === 0) return []
  return [
    { priority: 0, seconds: Math.floor((all - critical) / 1_000) },
    { priority: criticalPriority, seconds: Math.floor(critical / 1_000) },
  ]
}
