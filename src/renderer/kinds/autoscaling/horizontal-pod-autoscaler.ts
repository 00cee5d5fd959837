import type { HorizontalPodAutoscaler } from '#shared/kube/generated/types.ts'
import { horizontalPodAutoscalers } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const horizontalPodAutoscaler = describe<HorizontalPodAutoscaler>({
  resource: horizontalPodAutoscalers,
  title: 'HorizontalPodAutoscalers',
  group: 'workloads',
  columns: [
    { id: 'target', value: ({ spec: { scaleTargetRef: ref } }) => `${ref.kind}/${ref.name}` },
    {
      id: 'status',
      value: stateOf,
      tone: (object) => (stateOf(object) === 'Active' ? 'good' : 'warn'),
      width: '150px',
    },
    { id: 'minimum', value: ({ spec }) => spec.minReplicas ?? 1, numeric: true, width: '76px' },
    { id: 'maximum', value: ({ spec }) => spec.maxReplicas, numeric: true, width: '76px' },
    { id: 'replicas', value: ({ status }) => status?.currentReplicas ?? 0, numeric: true, width: '90px' },
  ],
})

/** The reason for which it cannot scale, or `Active`. */
function stateOf({ status }: HorizontalPodAutoscaler): string {
  const failing = status?.conditions?.find(
    ({ type, status: value }) => value === 'False' && (type === 'AbleToScale' || type === 'ScalingActive'),
  )
  return failing?.reason ?? 'Active'
}
