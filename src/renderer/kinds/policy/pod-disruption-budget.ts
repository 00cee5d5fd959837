import type { PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import { podDisruptionBudgets } from '#shared/kube/resources.ts'
import { selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const podDisruptionBudget = describe<PodDisruptionBudget>({
  resource: podDisruptionBudgets,
  title: 'PodDisruptionBudgets',
  group: 'workloads',
  columns: [
    { id: 'minAvailable', value: ({ spec }) => spec?.minAvailable ?? '–', width: '116px' },
    { id: 'maxUnavailable', value: ({ spec }) => spec?.maxUnavailable ?? '–', width: '130px' },
    {
      id: 'allowed',
      value: ({ status }) => status?.disruptionsAllowed ?? 0,
      tone: ({ status }) => ((status?.disruptionsAllowed ?? 0) > 0 ? 'good' : 'warn'),
      width: '150px',
    },
    {
      id: 'healthy',
      value: ({ status }) => `${status?.currentHealthy ?? 0}/${status?.expectedPods ?? 0}`,
      width: '90px',
    },
    { id: 'selector', value: ({ spec }) => selectorText(spec?.selector) },
  ],
})
