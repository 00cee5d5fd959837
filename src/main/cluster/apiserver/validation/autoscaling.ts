import type { HorizontalPodAutoscaler, MetricSpec } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { checkOneOf } from './fields.ts'

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
