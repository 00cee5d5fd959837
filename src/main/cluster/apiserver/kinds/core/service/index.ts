import type { Service } from '#shared/kube/generated/types.ts'
import { labelProblems } from '#shared/kube/validation-names.ts'
import { setServiceDefaults } from './defaults.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { handled, proxyVerbs } from '../../handled.ts'
import { validateService, validateServiceUpdate } from './validation.ts'
import { serviceWarnings } from './warnings.ts'
import { age, labelsText, text, wide } from '../../../api/columns.ts'
import { serviceStatusFindings, setServiceStatusDefaults } from '../../../validation/status.ts'

/**
 * A stable address for a set of pods. The admission plugin of `registry/service-allocator.ts` allocates cluster IPs and
 * node ports.
 */
export const service: KindDeclaration<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.core.v1.Service',
  generation: false,
  createOnUpdate: true,
  returnsDeleted: true,
  subresources: { proxy: handled(proxyVerbs, 'ServiceProxyOptions') },
  validateName: labelProblems,
  setDefaults: setServiceDefaults,
  prepareForCreate(object) {
    object.status = { loadBalancer: {} }
    dropUnreadPolicy(object)
  },
  prepareForUpdate(next) {
    dropUnreadPolicy(next)
    // Only a Service of type LoadBalancer has ingress addresses; any other type would fail status validation.
    if (next.spec?.type !== 'LoadBalancer' && next.status?.loadBalancer?.ingress)
      next.status = { ...next.status, loadBalancer: {} }
  },
  status: { validateStatus: serviceStatusFindings, setStatusDefaults: setServiceStatusDefaults },
  warnings: serviceWarnings,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  fields: { 'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '', 'spec.type': ({ spec }) => spec?.type ?? '' },
  columns: [
    text('Type', 'How it is reached.', ({ spec }) => spec?.type ?? ''),
    text(
      'Cluster-IP',
      'Its address inside the cluster.',
      ({ spec }) => spec?.clusterIPs?.[0] || spec?.clusterIP || '<none>',
    ),
    text('External-IP', 'Its address outside the cluster.', externalText),
    text('Port(s)', 'Its ports.', portsText),
    age,
    wide(text('Selector', 'Which pods are behind it.', ({ spec }) => labelsText(spec?.selector))),
  ],
}

function externalText({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? []
  if (spec?.type === 'ExternalName') return spec.externalName ?? ''
  if (spec?.type !== 'LoadBalancer') return external.join(',') || '<none>'
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  return [...balanced, ...external].join(',') || '<pending>'
}

function portsText({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`,
  )
  return ports.join(',') || '<none>'
}

/** A valid policy of traffic within the cluster is taken for an external name, but never answered. */
function dropUnreadPolicy({ spec }: Service): void {
  if (spec?.type === 'ExternalName' && ['Cluster', 'Local'].includes(spec.internalTrafficPolicy ?? ''))
    delete spec.internalTrafficPolicy
}
