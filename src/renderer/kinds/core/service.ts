import type { Service } from '#shared/kube/generated/types.ts'
import { services } from '#shared/kube/resources.ts'
import { pairs } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const service = describe<Service>({
  resource: services,
  title: 'Services',
  group: 'Network',
  columns: [
    { id: 'type', title: 'Type', value: ({ spec }) => spec?.type ?? '', width: '110px' },
    { id: 'clusterIp', title: 'Cluster IP', value: ({ spec }) => spec?.clusterIP ?? '', width: '130px' },
    { id: 'ports', title: 'Ports', value: portsOf },
    { id: 'selector', title: 'Selector', value: ({ spec }) => pairs(spec?.selector) },
  ],
  details: (object) => [
    ['Type', object.spec?.type ?? ''],
    ['Cluster IP', object.spec?.clusterIP ?? ''],
    ['Ports', portsOf(object)],
    ['Selector', pairs(object.spec?.selector)],
  ],
  logs: ({ spec }) => (spec?.selector ? { selector: pairs(spec.selector) } : undefined),
})

function portsOf({ spec }: Service): string {
  return (spec?.ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)
    .join(',')
}
