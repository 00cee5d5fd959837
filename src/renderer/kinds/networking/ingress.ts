import type { Ingress } from '#shared/kube/generated/types.ts'
import { ingresses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const ingress = describe<Ingress>({
  resource: ingresses,
  title: 'Ingresses',
  group: 'network',
  columns: [
    { id: 'class', value: ({ spec }) => spec?.ingressClassName ?? '', isName: true, width: '110px' },
    { id: 'hosts', value: ({ spec }) => (spec?.rules ?? []).map(({ host }) => host ?? '*').join(', ') },
    {
      id: 'address',
      value: ({ status }) =>
        (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '').join(', '),
      width: '130px',
    },
    { id: 'ports', value: ({ spec }) => (spec?.tls?.length ? '80, 443' : '80'), width: '90px' },
  ],
})
