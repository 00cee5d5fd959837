import { jsonClone } from '#shared/kube/json.ts'
import type { HorizontalPodAutoscaler, MetricSpec } from '#shared/kube/generated/types.ts'
import { conform } from '../../../codec/decode.ts'
import { loadSchema } from '../../../schema/schema.ts'
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1, type Fields } from './v1-metrics.ts'

/** Fields of v2 that autoscaling/v1 lacks, stored in annotations of v1 objects. */

const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics'
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior'
const currentMetricsAnnotation = 'autoscaling.alpha.kubernetes.io/current-metrics'
const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions'

type Annotations = Readonly<Record<string, string>>
type Spec = Partial<HorizontalPodAutoscaler['spec']>
type Status = Partial<NonNullable<HorizontalPodAutoscaler['status']>>

/** Reports whether a metric is the CPU utilization, the only one with a field in v1. */
export const isCpu = ({ type, resource }: MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined

/** Returns the annotations of a v2 object that is read as v1. */
export function annotationsOf({ spec, status }: { spec?: Spec; status?: Status | undefined }): Record<string, string> {
  const others = (spec?.metrics ?? []).filter((metric) => !isCpu(metric))
  return {
    ...listAnnotation(metricsAnnotation, others.map(metricToV1)),
    ...(spec?.behavior ? { [behaviorAnnotation]: JSON.stringify(recase(spec.behavior, capitalize)) } : {}),
    ...listAnnotation(currentMetricsAnnotation, (status?.currentMetrics ?? []).map(metricStatusToV1)),
    ...listAnnotation(conditionsAnnotation, status?.conditions ?? []),
  }
}

const listAnnotation = (name: string, list: readonly unknown[]): Record<string, string> =>
  list.length === 0 ? {} : { [name]: JSON.stringify(list) }

/** Reads spec and status from annotations; invalid annotations are ignored. */
export function read(annotations: Annotations): {
  spec: Pick<Spec, 'metrics' | 'behavior'>
  status: Pick<Status, 'currentMetrics' | 'conditions'>
  others: Annotations
} {
  const {
    [metricsAnnotation]: metrics,
    [behaviorAnnotation]: behavior,
    [currentMetricsAnnotation]: currentMetrics,
    [conditionsAnnotation]: conditions,
    ...others
  } = annotations
  return {
    spec: {
      ...part('HorizontalPodAutoscalerSpec', 'metrics', listIn(metrics)?.map(metricFromV1)),
      ...part('HorizontalPodAutoscalerSpec', 'behavior', recase(parse(behavior), uncapitalize)),
    },
    status: {
      ...part('HorizontalPodAutoscalerStatus', 'currentMetrics', listIn(currentMetrics)?.map(metricStatusFromV1)),
      ...part('HorizontalPodAutoscalerStatus', 'conditions', listIn(conditions)),
    },
    others,
  }
}

const schema = loadSchema()

/** Returns one field of v2 if its value has the field's type. */
function part(type: string, name: string, value: unknown): Fields {
  if (value === undefined) return {}
  const fields: Fields = { [name]: value }
  try {
    const node = schema.type(`io.k8s.api.autoscaling.v2.${type}`)
    conform(jsonClone(fields), node)
    conform(fields, node, { sparse: true })
    return fields
  } catch {
    return {}
  }
}

function listIn(text: string | undefined): Fields[] | undefined {
  const list = parse(text)
  if (!Array.isArray(list) || list.length === 0) return undefined
  return list.every((item) => typeof item === 'object' && item !== null) ? (list as Fields[]) : undefined
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Kubernetes writes the fields of the behavior with Go's names, and reads them in either case. */
function recase(value: unknown, change: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => recase(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [change(name), recase(field, change)]))
}

const capitalize = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
const uncapitalize = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
