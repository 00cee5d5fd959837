import type { NetworkPolicy } from '#shared/kube/generated/types.ts'
import { networkPolicies } from '#shared/kube/resources.ts'
import { selectorText } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const networkPolicy = describe<NetworkPolicy>({
  resource: networkPolicies,
  title: 'NetworkPolicies',
  group: 'network',
  columns: [
    { id: 'pods', value: ({ spec }) => selectorText(spec?.podSelector) || '*' },
    { id: 'types', value: ({ spec }) => (spec?.policyTypes ?? []).join(', '), width: '150px' },
    { id: 'ingressRules', value: ({ spec }) => spec?.ingress?.length ?? 0, numeric: true, width: '116px' },
    { id: 'egressRules', value: ({ spec }) => spec?.egress?.length ?? 0, numeric: true, width: '116px' },
  ],
})
