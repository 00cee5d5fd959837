import type { StatefulSet } from '#shared/kube/generated/types.ts'
import { statefulSets } from '#shared/kube/resources.ts'
import { restart } from '../actions/restart.ts'
import { rollBack } from '../actions/roll-back.ts'
import { scale } from '../actions/scale.ts'
import { images, imagesColumn, readyTone, selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const statefulSet = describe<StatefulSet>({
  resource: statefulSets,
  title: 'StatefulSets',
  group: 'workloads',
  columns: [
    {
      id: 'ready',
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
      tone: ({ spec, status }) => readyTone(status?.readyReplicas ?? 0, spec?.replicas ?? 1),
      width: '90px',
    },
    { id: 'updated', value: ({ status }) => status?.updatedReplicas ?? 0, numeric: true, width: '104px' },
    { id: 'service', value: ({ spec }) => spec?.serviceName ?? '', isName: true, width: '130px' },
    imagesColumn(({ spec }) => spec?.template),
  ],
  details: ({ spec }) => [
    ['Replicas', String(spec?.replicas ?? 1)],
    ['Service', spec?.serviceName ?? '–'],
    ['Strategy', spec?.updateStrategy?.type ?? ''],
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: [scale, restart, rollBack],
})
