import type { IngressClass } from '#shared/kube/generated/types.ts'
import { ingressClasses } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const ingressClass = describe<IngressClass>({
  resource: ingressClasses,
  title: 'IngressClasses',
  group: 'network',
  columns: [
    { id: 'controller', value: ({ spec }) => spec?.controller ?? '' },
    {
      id: 'parameters',
      value: ({ spec }) => (spec?.parameters ? `${spec.parameters.kind}/${spec.parameters.name}` : ''),
    },
  ],
})
