import type { MetricSpec, MetricStatus } from '#shared/kube/generated/types.ts'

/**
 * Converts metrics of autoscaling/v2 to the form in which v1 stores them in annotations. Each source maps the field
 * names of v1 to paths in v2.
 */
type Names = Readonly<Record<string, string>>
type Sources = Readonly<Record<string, Names>>

const specs: Sources = {
  resource: {
    name: 'name',
    targetAverageUtilization: 'target.averageUtilization',
    targetAverageValue: 'target.averageValue',
  },
  containerResource: {
    name: 'name',
    container: 'container',
    targetAverageUtilization: 'target.averageUtilization',
    targetAverageValue: 'target.averageValue',
  },
  pods: { metricName: 'metric.name', selector: 'metric.selector', targetAverageValue: 'target.averageValue' },
  object: {
    target: 'describedObject',
    metricName: 'metric.name',
    selector: 'metric.selector',
    targetValue: 'target.value',
    averageValue: 'target.averageValue',
  },
  external: {
    metricName: 'metric.name',
    metricSelector: 'metric.selector',
    targetValue: 'target.value',
    targetAverageValue: 'target.averageValue',
  },
}

const statuses: Sources = {
  resource: {
    name: 'name',
    currentAverageUtilization: 'current.averageUtilization',
    currentAverageValue: 'current.averageValue',
  },
  containerResource: {
    name: 'name',
    container: 'container',
    currentAverageUtilization: 'current.averageUtilization',
    currentAverageValue: 'current.averageValue',
  },
  pods: { metricName: 'metric.name', selector: 'metric.selector', currentAverageValue: 'current.averageValue' },
  object: {
    target: 'describedObject',
    metricName: 'metric.name',
    selector: 'metric.selector',
    currentValue: 'current.value',
    averageValue: 'current.averageValue',
  },
  external: {
    metricName: 'metric.name',
    metricSelector: 'metric.selector',
    currentValue: 'current.value',
    currentAverageValue: 'current.averageValue',
  },
}

export const metricToV1 = (metric: MetricSpec): Fields => toV1(metric, specs)
export const metricStatusToV1 = (metric: MetricStatus): Fields => toV1(metric, statuses)
export const metricStatusFromV1 = (metric: Fields): Fields => fromV1(metric, statuses)

export function metricFromV1(metric: Fields): Fields {
  const converted = fromV1(metric, specs)
  for (const source of Object.keys(specs)) {
    const target = fieldsOf(fieldsOf(converted[source])?.['target'])
    if (!target) continue
    // v1 writes a required value even when only the average is set.
    if (target['averageValue'] !== undefined && target['value'] === '0') delete target['value']
    target['type'] = targetType(target)
  }
  return converted
}

function targetType(target: Fields): string {
  if (target['averageUtilization'] !== undefined) return 'Utilization'
  return target['averageValue'] !== undefined ? 'AverageValue' : 'Value'
}

export type Fields = Record<string, unknown>

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined

function toV1(metric: object, sources: Sources): Fields {
  return eachSource(metric as Fields, sources, (source, names) => {
    const converted: Fields = {}
    for (const [name, path] of Object.entries(names)) {
      const value = path.split('.').reduce<unknown>((at, step) => fieldsOf(at)?.[step], source)
      if (value !== undefined) converted[name] = value
    }
    return converted
  })
}

function fromV1(metric: Fields, sources: Sources): Fields {
  return eachSource(metric, sources, (source, names) => {
    const converted: Fields = {}
    for (const [name, path] of Object.entries(names)) {
      const value = source[name]
      if (value === undefined || value === null) continue
      const steps = path.split('.')
      const last = steps.pop() ?? ''
      let at = converted
      for (const step of steps) at = (at[step] ??= {}) as Fields
      at[last] = value
    }
    return converted
  })
}

function eachSource(metric: Fields, sources: Sources, convert: (source: Fields, names: Names) => Fields): Fields {
  const converted: Fields = { type: metric['type'] }
  for (const [name, names] of Object.entries(sources)) {
    const source = fieldsOf(metric[name])
    if (source) converted[name] = convert(source, names)
  }
  return converted
}
