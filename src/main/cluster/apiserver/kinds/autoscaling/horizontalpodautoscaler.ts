import type { HorizontalPodAutoscaler, MetricSpec } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { checkOneOf } from '../../validation/fields.ts'
import { age, count, text } from '../columns.ts'

/** Keeps a workload as large as its load asks for. */
export const horizontalPodAutoscaler: KindDeclaration<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  generation: false,
  setDefaults: setAutoscalerDefaults,
  prepareForCreate(object) {
    object.status = { desiredReplicas: 0 }
  },
  status: {},
  validate: validateAutoscaler,
  columns: autoscalerColumns(),
}

/** Defaults of the stored shape, which is v2's. */
export function setAutoscalerDefaults({ spec }: HorizontalPodAutoscaler): void {
  if (!spec) return
  spec.minReplicas ??= 1
  if (!spec.metrics?.length)
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ]
}

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']

/** Findings about the stored shape. */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = []
  const { minReplicas = 1, maxReplicas, scaleTargetRef, metrics = [] } = spec
  if (minReplicas < 1) errors.push(fieldInvalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  if (!(maxReplicas >= 1)) errors.push(fieldInvalid('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0'))
  else if (maxReplicas < minReplicas)
    errors.push(fieldInvalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  if (!scaleTargetRef?.kind) errors.push(fieldRequired('spec.scaleTargetRef.kind'))
  if (!scaleTargetRef?.name) errors.push(fieldRequired('spec.scaleTargetRef.name'))
  metrics.forEach((metric, i) => {
    const field = `spec.metrics[${i}]`
    checkOneOf(metric.type, types, `${field}.type`, errors)
    const part = `${metric.type.charAt(0).toLowerCase()}${metric.type.slice(1)}` as keyof MetricSpec
    if (types.includes(metric.type) && !metric[part])
      errors.push(fieldRequired(`${field}.${part}`, `must populate information for the given metric source`))
  })
  return errors
}

function autoscalerColumns(): KindDeclaration<HorizontalPodAutoscaler>['columns'] {
  return [
    text('Reference', 'What it scales.', ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text('Targets', 'What it aims at, and where it is.', ({ spec, status }) => {
      const all = (spec.metrics ?? []).map((metric, i) => {
        const target = metric.resource?.target ?? metric.containerResource?.target
        const current =
          status?.currentMetrics?.[i]?.resource?.current ?? status?.currentMetrics?.[i]?.containerResource?.current
        const name = metric.resource?.name ?? metric.containerResource?.name ?? metric.type
        if (target?.averageUtilization !== undefined)
          return `${name}: ${current?.averageUtilization === undefined ? '<unknown>' : `${current.averageUtilization}%`}/${target.averageUtilization}%`
        return `${name}: ${current?.averageValue ?? '<unknown>'}/${target?.averageValue ?? target?.value ?? '<auto>'}`
      })
      return all.join(', ') || '<none>'
    }),
    text('MinPods', 'The fewest replicas.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
    count('MaxPods', 'The most replicas.', ({ spec }) => spec.maxReplicas),
    count('Replicas', 'How many there are.', ({ status }) => status?.currentReplicas),
    age,
  ]
}
