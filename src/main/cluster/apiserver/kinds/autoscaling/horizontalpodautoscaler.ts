import type { HorizontalPodAutoscaler } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { setAutoscalerDefaults, validateAutoscaler } from '../../validation/autoscaling.ts'
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
