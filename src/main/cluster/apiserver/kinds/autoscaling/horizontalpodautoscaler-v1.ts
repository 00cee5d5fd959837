import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  MetricSpec,
} from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { age, count, text } from '../columns.ts'
import { setAutoscalerDefaults, validateAutoscaler } from '../../validation/autoscaling.ts'

type V1 = AutoscalingV1HorizontalPodAutoscaler

/** Where v1 keeps what it has no fields for. */
const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics'
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior'
const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions'

/** The older shape: CPU alone. Stored as v2. */
export const horizontalPodAutoscalerV1: KindDeclaration<V1> = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  generation: false,
  toStorage,
  fromStorage,
  setDefaults(object) {
    const stored = toStorage(object)
    setAutoscalerDefaults(stored)
    const filled = fromStorage(stored)
    object.spec = filled.spec
  },
  prepareForCreate(object) {
    object.status = { currentReplicas: 0, desiredReplicas: 0 }
  },
  status: {},
  validate: (object) => validateAutoscaler(toStorage(object)),
  columns: [
    text('Reference', 'What it scales.', ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text('Targets', 'What it aims at, and where it is.', ({ spec, status }) =>
      spec.targetCPUUtilizationPercentage === undefined
        ? '<none>'
        : `cpu: ${status?.currentCPUUtilizationPercentage === undefined ? '<unknown>' : `${status.currentCPUUtilizationPercentage}%`}/${spec.targetCPUUtilizationPercentage}%`,
    ),
    text('MinPods', 'The fewest replicas.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
    count('MaxPods', 'The most replicas.', ({ spec }) => spec.maxReplicas),
    count('Replicas', 'How many there are.', ({ status }) => status?.currentReplicas),
    age,
  ],
}

const cpuMetric = (percent: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})

const isCpu = ({ type, resource }: MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined

function toStorage({ metadata, spec, status }: V1): HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage, ...rest } = spec
  const { annotations = {}, ...meta } = metadata
  const {
    [metricsAnnotation]: metrics,
    [behaviorAnnotation]: behavior,
    [conditionsAnnotation]: conditions,
    ...others
  } = annotations
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...meta, ...(Object.keys(others).length > 0 ? { annotations: others } : {}) },
    spec: {
      ...rest,
      ...(targetCPUUtilizationPercentage === undefined && metrics === undefined
        ? {}
        : {
            metrics: [
              ...(targetCPUUtilizationPercentage === undefined ? [] : [cpuMetric(targetCPUUtilizationPercentage)]),
              ...listOf<MetricSpec>(metrics),
            ],
          }),
      ...(behavior === undefined ? {} : { behavior: JSON.parse(behavior) as object }),
    },
    ...(status
      ? {
          status: {
            ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
            ...(status.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
            currentReplicas: status.currentReplicas,
            desiredReplicas: status.desiredReplicas,
            ...(conditions === undefined ? {} : { conditions: listOf(conditions) }),
          },
        }
      : {}),
  }
}

function listOf<T>(text: string | undefined): T[] {
  if (text === undefined) return []
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? (list as T[]) : []
  } catch {
    return []
  }
}

function fromStorage(stored: KubeObject): V1 {
  const { metadata, spec, status } = stored as unknown as HorizontalPodAutoscaler
  const { metrics = [], behavior, ...rest } = spec
  const cpu = metrics.find(isCpu)
  const others = metrics.filter((metric) => metric !== cpu)
  const annotations = {
    ...metadata.annotations,
    ...(others.length > 0 ? { [metricsAnnotation]: JSON.stringify(others) } : {}),
    ...(behavior ? { [behaviorAnnotation]: JSON.stringify(behavior) } : {}),
    ...(status?.conditions?.length ? { [conditionsAnnotation]: JSON.stringify(status.conditions) } : {}),
  }
  const percent = cpu?.resource?.target.averageUtilization
  const current = status?.currentMetrics?.find(({ resource }) => resource?.name === 'cpu')?.resource?.current
    .averageUtilization
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...rest, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    ...(status
      ? {
          status: {
            ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
            ...(status.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
            currentReplicas: status.currentReplicas ?? 0,
            desiredReplicas: status.desiredReplicas,
            ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
          },
        }
      : {}),
  }
}
