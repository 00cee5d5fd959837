import type {
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '#shared/kube/generated/types.ts'
import { formatQuantity, quantityMillis } from '#shared/kube/quantity.ts'
import { goSelectorText } from '#shared/kube/selectors.ts'
import {
  averageValueReplicas,
  MetricError,
  ratioReplicas,
  sharedReplicas,
  utilizationReplicas,
  type Result,
  type Samples,
  type Scene,
} from './replicas.ts'

/** What a metric's API answered. */
export type Reading = { samples: Samples } | { values: readonly number[] } | { error: string }

/** What one metric of `spec.metrics` asks for. */
export type Proposal =
  | { replicas: number; name: string; status: MetricStatus }
  /** Reason and message of the Event and of ScalingActive; `error` is how the summary of all metrics names it. */
  | { reason: string; message: string; error: string }

export interface MetricScene extends Scene {
  namespace: string
  /** `status.replicas` of the scale. */
  present: number
}

/** Computes what one metric asks for from what its API answered; messages and names are Kubernetes'. */
export function propose(spec: MetricSpec, reading: Reading, scene: MetricScene): Proposal {
  switch (spec.type) {
    case 'Resource':
      return ofResource(spec, reading, scene)
    case 'ContainerResource':
      return ofContainer(spec, reading, scene)
    case 'Pods':
      return ofPods(spec, reading, scene)
    case 'Object':
      return ofObject(spec, reading, scene)
    case 'External':
      return ofExternal(spec, reading, scene)
    default: {
      const message = `unknown metric source type "${spec.type}"`
      return { reason: 'InvalidMetricSourceType', message, error: message }
    }
  }
}

function ofResource({ resource }: MetricSpec, reading: Reading, scene: MetricScene): Proposal {
  const { name = '', target = noTarget } = resource ?? {}
  return attempt(
    'FailedGetResourceMetric',
    (why) => `failed to get ${name} resource metric value: ${why}`,
    () => {
      const { current, ...seen } = resourceUse(target, { resource: name }, reading, scene)
      return { ...seen, status: { type: 'Resource', resource: { name, current } } }
    },
  )
}

function ofContainer({ containerResource }: MetricSpec, reading: Reading, scene: MetricScene): Proposal {
  const { name = '', container = '', target = noTarget } = containerResource ?? {}
  return attempt(
    'FailedGetContainerResourceMetric',
    (why) => `failed to get ${container} container metric value: ${why}`,
    () => {
      const { current, ...seen } = resourceUse(target, { resource: name, container }, reading, scene)
      return { ...seen, status: { type: 'ContainerResource', containerResource: { name, container, current } } }
    },
  )
}

interface Seen {
  replicas: number
  name: string
  current: MetricValueStatus
}

function resourceUse(
  { averageValue, averageUtilization }: MetricTarget,
  of: { resource: string; container?: string },
  reading: Reading,
  scene: MetricScene,
): Seen {
  const { resource, container } = of
  const samples = (): Samples => within(`unable to get metrics for resource ${resource}`, () => samplesOf(reading))
  if (averageValue !== undefined) {
    const target = { resource, value: quantityMillis(averageValue) }
    const { replicas, usage } = within(`failed to get ${resource} usage`, () =>
      averageValueReplicas(scene, samples(), target),
    )
    return { replicas, name: `${resource} resource`, current: { averageValue: milli(usage) } }
  }
  if (averageUtilization === undefined)
    throw new MetricError(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    )
  const result = within(`failed to get ${resource} utilization`, () =>
    utilizationReplicas(scene, samples(), { resource, container, percent: averageUtilization }),
  )
  const { replicas, utilization = 0, usage } = result
  return {
    replicas,
    name: `${resource} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`,
    current: { averageUtilization: utilization, averageValue: milli(usage) },
  }
}

function ofPods({ pods }: MetricSpec, reading: Reading, scene: MetricScene): Proposal {
  const { metric = noMetric, target = noTarget } = pods ?? {}
  return attempt(
    'FailedGetPodsMetric',
    (why) => `failed to get pods metric value: ${why}`,
    () => {
      const samples = within(`unable to get metric ${metric.name}`, () => samplesOf(reading))
      const value = quantityMillis(target.averageValue ?? '0')
      const { replicas, usage } = averageValueReplicas(scene, samples, { value })
      const status = { type: 'Pods', pods: { metric, current: { averageValue: milli(usage) } } }
      return { replicas, name: `pods metric ${metric.name}`, status }
    },
  )
}

function ofObject({ object }: MetricSpec, reading: Reading, scene: MetricScene): Proposal {
  const { metric = noMetric, target = noTarget, describedObject = { kind: '', name: '' } } = object ?? {}
  const isShared = target.type === 'AverageValue'
  const read = (): number =>
    // The order of the words is Kubernetes'.
    within(
      `unable to get metric ${metric.name}: ${describedObject.kind} on ${scene.namespace} ${describedObject.name}`,
      () => totalOf(reading),
      '/',
    )
  return attempt(
    'FailedGetObjectMetric',
    (why) =>
      `failed to get object metric value: ${isShared && target.averageValue !== undefined ? `failed to get ${metric.name} object metric: ` : ''}${why}`,
    () => {
      if (target.type === 'Value' && target.value !== undefined) {
        const { replicas, usage } = ratioReplicas(scene, read(), quantityMillis(target.value))
        const status = { type: 'Object', object: { describedObject, metric, current: { value: milli(usage) } } }
        return { replicas, name: `${describedObject.kind} metric ${metric.name}`, status }
      }
      if (isShared && target.averageValue !== undefined) {
        const { replicas, usage } = sharedReplicas(scene, read(), quantityMillis(target.averageValue), scene.present)
        // Kubernetes leaves the described object empty here.
        const described = { kind: '', name: '' }
        const current = { averageValue: milli(usage) }
        const status = { type: 'Object', object: { describedObject: described, metric, current } }
        return { replicas, name: `external metric ${metric.name}(${goSelectorText(metric.selector)})`, status }
      }
      throw new MetricError('invalid object metric source: neither a value target nor an average value target was set')
    },
  )
}

function ofExternal({ external }: MetricSpec, reading: Reading, scene: MetricScene): Proposal {
  const { metric = noMetric, target = noTarget } = external ?? {}
  const { name } = metric
  const selector = goSelectorText(metric.selector)
  const read = (): number =>
    within(`unable to get external metric ${scene.namespace}/${name}/${selector}`, () => totalOf(reading))
  const source =
    target.averageValue !== undefined
      ? `failed to get ${name} external metric: `
      : target.value !== undefined
        ? `failed to get external metric ${name}: `
        : ''
  return attempt(
    'FailedGetExternalMetric',
    (why) => `failed to get ${name} external metric value: ${source}${why}`,
    () => {
      const seen = (result: Result, current: MetricValueStatus): Proposal => ({
        replicas: result.replicas,
        name: `external metric ${name}(${selector})`,
        status: { type: 'External', external: { metric, current } },
      })
      if (target.averageValue !== undefined) {
        const result = sharedReplicas(scene, read(), quantityMillis(target.averageValue), scene.present)
        return seen(result, { averageValue: milli(result.usage) })
      }
      if (target.value !== undefined) {
        const result = ratioReplicas(scene, read(), quantityMillis(target.value))
        return seen(result, { value: milli(result.usage) })
      }
      throw new MetricError(
        'invalid external metric source: neither a value target nor an average value target was set',
      )
    },
  )
}

const noTarget: MetricTarget = { type: '' }
const noMetric: MetricIdentifier = { name: '' }

function attempt(reason: string, summarize: (why: string) => string, compute: () => Proposal): Proposal {
  try {
    return compute()
  } catch (error) {
    if (!(error instanceof MetricError)) throw error
    return { reason, message: error.message, error: summarize(error.message) }
  }
}

/** Puts what was attempted before the message of a MetricError. */
function within<T>(what: string, compute: () => T, separator = ': '): T {
  try {
    return compute()
  } catch (error) {
    if (!(error instanceof MetricError)) throw error
    throw new MetricError(`${what}${separator}${error.message}`)
  }
}

function samplesOf(reading: Reading): Samples {
  if ('error' in reading) throw new MetricError(reading.error)
  return 'samples' in reading ? reading.samples : new Map()
}

function totalOf(reading: Reading): number {
  if ('error' in reading) throw new MetricError(reading.error)
  return 'values' in reading ? reading.values.reduce((sum, value) => sum + value, 0) : 0
}

/** A count of thousandths as a quantity. */
const milli = (value: number): string =>
  formatQuantity({ nano: BigInt(Math.round(value)) * 1_000_000n, format: 'DecimalSI' })
