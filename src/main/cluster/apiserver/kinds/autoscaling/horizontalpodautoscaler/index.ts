import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { autoscalerCounts, setAutoscalerDefaults, validateAutoscaler } from './validation.ts'
import { checkStatusCounts } from '../../../validation/workload-status.ts'
import { age, figure, text } from '../../../api/columns.ts'

/** Scales a workload by its metrics. */
export const horizontalPodAutoscaler: KindDeclaration<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  emptySpec: true,
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  generation: false,
  setDefaults: setAutoscalerDefaults,
  prepareForCreate(object) {
    object.status = { desiredReplicas: 0 }
  },
  status: { validateStatus: (next, previous) => checkStatusCounts(next.status, previous.status, autoscalerCounts) },
  validate: validateAutoscaler,
  columns: autoscalerColumns(),
}

function autoscalerColumns(): KindDeclaration<HorizontalPodAutoscaler>['columns'] {
  return [
    text('Reference', 'What it scales.', ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text('Targets', 'What it aims at, and where it is.', targetsText),
    text('MinPods', 'The fewest replicas.', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
    figure('MaxPods', 'The most replicas.', ({ spec }) => spec.maxReplicas),
    figure('Replicas', 'How many there are.', ({ status }) => status?.currentReplicas),
    age,
  ]
}

const shown = 2

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const all = (spec.metrics ?? []).map((metric, i) => targetText(metric, status?.currentMetrics?.[i]))
  const more = all.length > shown ? ` + ${all.length - shown} more...` : ''
  return all.length === 0 ? '<none>' : all.slice(0, shown).join(', ') + more
}

/** Formats the current and target value of a metric: `cpu: 40%/80%`. */
function targetText(metric: MetricSpec, status: MetricStatus | undefined): string {
  const source = metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external
  const { averageUtilization, averageValue, value } = source?.target ?? {}
  const seen = status?.resource ?? status?.containerResource ?? status?.pods ?? status?.object ?? status?.external
  const current = seen?.current
  const isResource = metric.resource !== undefined || metric.containerResource !== undefined
  const name = isResource ? `${metric.resource?.name ?? metric.containerResource?.name ?? ''}: ` : ''
  if (averageValue !== undefined) {
    const average = (metric.object ?? metric.external) ? ' (avg)' : ''
    return `${name}${current?.averageValue ?? '<unknown>'}/${averageValue}${average}`
  }
  if (!isResource) return `${current?.value ?? '<unknown>'}/${value ?? '<auto>'}`
  const percent = (share: number | undefined, none: string): string => (share === undefined ? none : `${share}%`)
  return `${name}${percent(current?.averageUtilization, '<unknown>')}/${percent(averageUtilization, '<auto>')}`
}
