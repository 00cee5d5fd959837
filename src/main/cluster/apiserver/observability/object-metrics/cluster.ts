import type { Lease, LimitRange, Namespace, Node, ResourceQuota, ServiceAccount } from '#shared/kube/generated/types.ts'
import { quantityNumber } from '#shared/kube/quantity.ts'
import { leases, limitRanges, namespaces, nodes, resourceQuotas, serviceAccounts } from '#shared/kube/resources.ts'
import {
  clustered,
  conditionSamples,
  created,
  deleted,
  each,
  info,
  namespaced,
  resourceSamples,
  seconds,
  states,
  value,
  type KindMetrics,
  type Sample,
} from './family.ts'

const rolePrefix = 'node-role.kubernetes.io/'

export const nodeMetrics: KindMetrics<Node> = {
  resource: nodes,
  prefix: 'kube_node',
  identity: clustered('node'),
  families: [
    info('Software and addresses of a node.', ({ spec, status }) => ({
      kernel_version: status?.nodeInfo?.kernelVersion,
      os_image: status?.nodeInfo?.osImage,
      container_runtime_version: status?.nodeInfo?.containerRuntimeVersion,
      kubelet_version: status?.nodeInfo?.kubeletVersion,
      kubeproxy_version: 'deprecated',
      provider_id: spec?.providerID,
      pod_cidr: spec?.podCIDR,
      system_uuid: status?.nodeInfo?.systemUUID,
      internal_ip: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address,
    })),
    created(),
    deleted(),
    each('role', 'Roles of a node, by its labels.', ({ metadata }) =>
      Object.keys(metadata.labels ?? {})
        .filter((label) => label.startsWith(rolePrefix))
        .map((label) => [{ role: label.slice(rolePrefix.length) }, 1]),
    ),
    each('spec_taint', 'Taints of a node.', ({ spec }) =>
      (spec?.taints ?? []).map(({ key, value: text, effect }) => [{ key, value: text, effect }, 1]),
    ),
    value('spec_unschedulable', 'Whether a node is cordoned.', ({ spec }) => spec?.unschedulable ?? false),
    each('status_addresses', 'Addresses of a node.', ({ status }) =>
      (status?.addresses ?? []).map(({ type, address }) => [{ type, address }, 1]),
    ),
    each('status_allocatable', 'Resources for pods.', ({ status }) => resourceSamples(status?.allocatable)),
    each('status_capacity', 'Resources of a node.', ({ status }) => resourceSamples(status?.capacity)),
    each('status_condition', 'Conditions of a node.', ({ status }) =>
      conditionSamples(status?.conditions, ({ type }) => ({ condition: type })),
    ),
  ],
}

export const namespaceMetrics: KindMetrics<Namespace> = {
  resource: namespaces,
  prefix: 'kube_namespace',
  identity: clustered('namespace'),
  families: [
    created(),
    each('status_phase', 'Phase of a namespace.', ({ status }) =>
      states('phase', ['Active', 'Terminating'], status?.phase),
    ),
    each('status_condition', 'Conditions of a namespace.', ({ status }) =>
      conditionSamples(status?.conditions, ({ type }) => ({ condition: type })),
    ),
  ],
}

export const resourceQuotaMetrics: KindMetrics<ResourceQuota> = {
  resource: resourceQuotas,
  prefix: 'kube_resourcequota',
  identity: namespaced('resourcequota'),
  families: [
    created(),
    each('', 'Limits of a quota and what is used of them.', ({ status }) => [
      ...Object.entries(status?.hard ?? {}).map(quotaSample('hard')),
      ...Object.entries(status?.used ?? {}).map(quotaSample('used')),
    ]),
  ],
}

const quotaSample =
  (type: string) =>
  ([resource, quantity]: [string, string]): Sample => [{ resource, type }, quantityNumber(quantity)]

const constraints = ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

export const limitRangeMetrics: KindMetrics<LimitRange> = {
  resource: limitRanges,
  prefix: 'kube_limitrange',
  identity: namespaced('limitrange'),
  families: [
    created(),
    each('', 'Constraints of a limit range.', ({ spec }) =>
      (spec?.limits ?? []).flatMap((limit) =>
        constraints.flatMap((constraint) =>
          Object.entries(limit[constraint] ?? {}).map(([resource, quantity]): Sample => [
            { resource, type: limit.type, constraint },
            quantityNumber(quantity),
          ]),
        ),
      ),
    ),
  ],
}

export const leaseMetrics: KindMetrics<Lease> = {
  resource: leases,
  prefix: 'kube_lease',
  identity: ({ metadata: { namespace, name } }) => ({ lease: name, namespace }),
  families: [
    each('owner', 'Holder and owner of a lease.', ({ metadata, spec }) => {
      const [owner] = metadata.ownerReferences ?? []
      return [[{ lease_holder: spec?.holderIdentity, owner_kind: owner?.kind, owner_name: owner?.name }, 1]]
    }),
    value('renew_time', 'Unix time of the last renewal.', ({ spec }) => seconds(spec?.renewTime)),
  ],
}

export const serviceAccountMetrics: KindMetrics<ServiceAccount> = {
  resource: serviceAccounts,
  prefix: 'kube_serviceaccount',
  identity: ({ metadata: { namespace, name, uid } }) => ({ namespace, serviceaccount: name, uid }),
  families: [
    info('A service account.', ({ automountServiceAccountToken: automount }) => ({ automount_token: automount })),
    created(),
    deleted(),
  ],
}
