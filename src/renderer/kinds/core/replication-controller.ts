import type { ReplicationController } from '#shared/kube/generated/types.ts'
import { replicationControllers } from '#shared/kube/resources.ts'
import { scale } from '../actions/scale.ts'
import { imagesColumn, pairs, readyTone } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const replicationController = describe<ReplicationController>({
  resource: replicationControllers,
  title: 'ReplicationControllers',
  group: 'workloads',
  columns: [
    {
      id: 'ready',
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
      tone: ({ spec, status }) => readyTone(status?.readyReplicas ?? 0, spec?.replicas ?? 1),
      width: '90px',
    },
    { id: 'selector', value: ({ spec }) => pairs(spec?.selector) },
    imagesColumn(({ spec }) => spec?.template),
  ],
  logs: ({ spec }) => (spec?.selector ? { selector: pairs(spec.selector) } : undefined),
  actions: [scale],
})
