import type { ReplicaSet } from '#shared/kube/generated/types.ts'
import { replicaSets } from '#shared/kube/resources.ts'
import { scale } from '../actions/scale.ts'
import { images, readyTone, selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const replicaSet = describe<ReplicaSet>({
  resource: replicaSets,
  title: 'ReplicaSets',
  group: 'workloads',
  columns: [
    { id: 'desired', value: ({ spec }) => spec?.replicas ?? 1, numeric: true, width: '92px' },
    { id: 'current', value: ({ status }) => status?.replicas ?? 0, numeric: true, width: '92px' },
    {
      id: 'ready',
      value: ({ status }) => status?.readyReplicas ?? 0,
      tone: ({ spec, status }) => readyTone(status?.readyReplicas ?? 0, spec?.replicas ?? 1),
      width: '90px',
    },
    { id: 'owner', value: ({ metadata }) => metadata.ownerReferences?.[0]?.name ?? '' },
  ],
  details: ({ spec }) => [
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: [scale],
})
