import type {
  AutoscalingV1HorizontalPodAutoscaler,
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
} from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { annotationsOf, isCpu, read } from './annotations.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { age, figure, text } from '../../../api/columns.ts'
import { autoscalerCounts, setAutoscalerDefaults, validateAutoscaler } from './validation.ts'
import { checkStatusCounts } from '../../../validation/workload-status.ts'

type V1 = AutoscalingV1HorizontalPodAutoscaler

/** The v1 form, with CPU as its only metric. Stored as v2. */
export const horizontalPodAutoscalerV1: KindDeclaration<V1> = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  emptySpec: true,
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  generation: false,
  storedVersion: 'v2',
  toStorage,
  fromStorage,
  setDefaults(object) {
    const stored = toStorage(object)
    setAutoscalerDefaults(stored)
    const filled = fromStorage(stored)
    object.spec = filled.spec
    if (filled.metadata.annotations) object.metadata.annotations = filled.metadata.annotations
  },
  prepareForCreate(object) {
    object.status = { currentReplicas: 0, desiredReplicas: 0 }
  },
  status: { validateStatus: (next, previous) => checkStatusCounts(next.status, previous.status, autoscalerCounts) },
  validate: (object, previous) => validateAutoscaler(toStorage(object), previous && toStorage(previous)),
  columns: [
    text('Reference', 'What it scales.', ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text('Targets', 'What it aims at, and where it is.', ({ spec, status }) =>
      spec.targetCPUUtilizationPercentage === undefined
        ? '<none>'
        : `cpu: ${status?.currentCPUUtilizationPercentage === undefined ? '<unknown>' : `${status.currentCPUUtilizationPercentage}%`}/${spec.targetCPUUtilizationPercentage}%`,
    ),
    text('MinPods', 'The fewest replicas.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
    figure('MaxPods', 'The most replicas.', ({ spec }) => spec.maxReplicas),
    figure('Replicas', 'How many there are.', ({ status }) => status?.currentReplicas),
    age,
  ],
}

const cpuMetric = (percent: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})

const cpuStatus = (percent: number): MetricStatus => ({
  type: 'Resource',
  resource: { name: 'cpu', current: { averageUtilization: percent } },
})

function toStorage({ metadata, spec, status }: V1): HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage: target, ...rest } = (spec as V1['spec'] | undefined) ?? ({} as V1['spec'])
  const { annotations = {}, ...meta } = metadata
  const held = read(annotations)
  const metrics = [...(held.spec.metrics ?? []), ...(target === undefined ? [] : [cpuMetric(target)])]
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...meta, ...(Object.keys(held.others).length > 0 ? { annotations: held.others } : {}) },
    spec: { ...rest, ...held.spec, ...(metrics.length > 0 ? { metrics } : {}) },
    ...(status ? { status: statusToStorage(status, held.status) } : {}),
  }
}

type Status = NonNullable<HorizontalPodAutoscaler['status']>

function statusToStorage(status: NonNullable<V1['status']>, held: Partial<Status>): Status {
  const { currentCPUUtilizationPercentage: current, ...same } = status
  // The annotation has more fields than the percentage.
  return { ...same, ...(current === undefined ? {} : { currentMetrics: [cpuStatus(current)] }), ...held }
}

function fromStorage(stored: KubeObject): V1 {
  const { metadata, spec, status } = stored as unknown as HorizontalPodAutoscaler
  const { metrics = [], behavior: _, ...rest } = (spec as typeof spec | undefined) ?? ({} as typeof spec)
  const annotations = { ...metadata.annotations, ...annotationsOf({ spec, status }) }
  const percent = metrics.find(isCpu)?.resource?.target.averageUtilization
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...rest, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    ...(status ? { status: statusFromStorage(status) } : {}),
  }
}

function statusFromStorage({ conditions: _, currentMetrics, ...same }: Status): NonNullable<V1['status']> {
  const percents = (currentMetrics ?? [])
    .filter(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')
    .map(({ resource }) => resource?.current?.averageUtilization)
  const current = percents.find((percent) => percent !== undefined)
  return {
    ...same,
    currentReplicas: same.currentReplicas ?? 0,
    ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
  }
}
