import type { Service } from '#shared/kube/generated/types.ts'
import { services } from '#shared/kube/resources.ts'
import { pairs } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const service = describe<Service>({
  resource: services,
  title: 'Services',
  group: 'network',
  columns: [
    { id: 'type', value: ({ spec }) => spec?.type ?? '', width: '110px' },
    { id: 'clusterIp', value: ({ spec }) => spec?.clusterIP ?? '', width: '130px' },
    { id: 'ports', value: portsOf },
    { id: 'selector', value: ({ spec }) => pairs(spec?.selector) },
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
