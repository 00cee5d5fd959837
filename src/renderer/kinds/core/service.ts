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
    { id: 'address', value: addressOf, width: 'minmax(110px,1fr)', drop: 1 },
    { id: 'ports', value: portsOf, width: 'minmax(120px,1fr)' },
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

/** Where it answers from outside: the load balancer's addresses, its external ones, or the name that it stands for. */
function addressOf({ spec, status }: Service): string {
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ hostname, ip }) => hostname ?? ip ?? '')
  return [...balanced, ...(spec?.externalIPs ?? []), ...(spec?.externalName ? [spec.externalName] : [])].join(', ')
}

function portsOf({ spec }: Service): string {
  return (spec?.ports ?? [])
    .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)
    .join(',')
}
