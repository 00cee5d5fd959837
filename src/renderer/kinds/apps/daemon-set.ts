import type { DaemonSet } from '#shared/kube/generated/types.ts'
import { daemonSets } from '#shared/kube/resources.ts'
import { restart } from '../actions/restart.ts'
import { rollBack } from '../actions/roll-back.ts'
import { images, imagesColumn, readyTone, selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const daemonSet = describe<DaemonSet>({
  resource: daemonSets,
  title: 'DaemonSets',
  group: 'workloads',
  columns: [
    {
      id: 'desired',
      value: ({ status }) => status?.desiredNumberScheduled ?? 0,
      numeric: true,
      width: '92px',
    },
    {
      id: 'ready',
      value: ({ status }) => status?.numberReady ?? 0,
      tone: ({ status }) => readyTone(status?.numberReady ?? 0, status?.desiredNumberScheduled ?? 0),
      width: '90px',
    },
    {
      id: 'available',
      value: ({ status }) => status?.numberAvailable ?? 0,
      numeric: true,
      width: '104px',
    },
    imagesColumn(({ spec }) => spec?.template),
  ],
  details: ({ spec }) => [
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: [restart, rollBack],
})
