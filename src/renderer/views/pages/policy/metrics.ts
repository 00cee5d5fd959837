import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget } from '#shared/kube/generated/types.ts'

/** One metric of an autoscaler: what it is now, and what it is kept at. */
export interface MetricRow {
  name: string
  now: string
  target: string
  /** Of the target, from 0 on; undefined where either is not a number of percent. */
  share: number | undefined
}

/** The metrics of an autoscaler in its order, with the values that were read last. */
export function metricRows({ spec, status }: HorizontalPodAutoscaler): MetricRow[] {
  return (spec?.metrics ?? []).map((metric, at) => {
    const { name, target } = partsOf(metric)
    const current = status?.currentMetrics?.[at]
    const now = current ? partsOf(current).current : undefined
    const percent = target?.averageUtilization
    const used = now?.averageUtilization
    return {
      name,
      now: valueText(now),
      target: valueText(target),
      share: percent && used !== undefined ? used / percent : undefined,
    }
  })
}

function partsOf(metric: MetricSpec | MetricStatus): {
  name: string
  target: MetricTarget | undefined
  current: Partial<MetricTarget> | undefined
} {
  const { resource, containerResource, pods, object, external } = metric
  const source = resource ?? containerResource ?? pods ?? object ?? external
  const name = resource
    ? resource.name
    : containerResource
      ? `${containerResource.container}: ${containerResource.name}`
      : ((pods ?? object ?? external)?.metric.name ?? metric.type)
  return {
    name,
    target:
      source && 'target' in source && typeof source.target === 'object' && 'type' in source.target
        ? source.target
        : undefined,
    current: source && 'current' in source ? source.current : undefined,
  }
}

const valueText = (value: Partial<MetricTarget> | undefined): string =>
  value?.averageUtilization !== undefined
    ? `${value.averageUtilization} %`
    : (value?.averageValue ?? value?.value ?? '–')
