import type { Deployment } from '#shared/kube/generated/types.ts'
import { deployments } from '#shared/kube/resources.ts'
import { pause } from '../actions/pause.ts'
import { restart } from '../actions/restart.ts'
import { rollBack } from '../actions/roll-back.ts'
import { scale } from '../actions/scale.ts'
import { images, imagesColumn, readyTone, selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const deployment = describe<Deployment>({
  resource: deployments,
  title: 'Deployments',
  group: 'workloads',
  columns: [
    {
      id: 'ready',
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
      tone: ({ spec, status }) => readyTone(status?.readyReplicas ?? 0, spec?.replicas ?? 1),
      width: '90px',
    },
    {
      id: 'updated',
      value: ({ status }) => status?.updatedReplicas ?? 0,
      numeric: true,
      width: '116px',
      drop: 2,
    },
    {
      id: 'available',
      value: ({ status }) => status?.availableReplicas ?? 0,
      numeric: true,
      width: '104px',
      drop: 1,
    },
    imagesColumn(({ spec }) => spec?.template),
  ],
  details: ({ spec }) => [
    ['Replicas', String(spec?.replicas ?? 1)],
    ['Strategy', spec?.strategy?.type ?? ''],
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: [scale, restart, pause, rollBack],
  cardActions: [pause.id, rollBack.id],
})
