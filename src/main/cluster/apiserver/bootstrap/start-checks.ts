import { apiServices, clusterRoles, configMaps, namespaces, priorityClasses, services } from '#shared/kube/resources.ts'
import type { ObjectReader, ResourceKey } from '../api/reader.ts'

type Check = () => string | undefined

/**
 * Health checks of the server's start, by the names and in the order of Kubernetes' post-start hooks: what writes first objects
 * has finished when they are there, and everything else when the server has started.
 *
 * @param started whether the first objects are written and the server's own controllers run
 */
export function startChecks(reader: ObjectReader, started: () => boolean): Readonly<Record<string, Check>> {
  const afterStart: Check = () => (started() ? undefined : 'not finished')
  const exists = ([resource, namespace, name]: FirstObject): Check => {
    return () => (reader.get(resource, namespace, name) ? undefined : 'not finished')
  }
  return Object.fromEntries(
    checks.map((name) => {
      const first = firstObjects[name]
      return [name, first ? exists(first) : afterStart]
    }),
  )
}

type FirstObject = readonly [resource: ResourceKey, namespace: string, name: string]

const firstObjects: Record<string, FirstObject | undefined> = {
  'poststarthook/start-system-namespaces-controller': [namespaces, '', 'kube-system'],
  'poststarthook/start-cluster-authentication-info-controller': [
    configMaps,
    'kube-system',
    'extension-apiserver-authentication',
  ],
  'poststarthook/rbac/bootstrap-roles': [clusterRoles, '', 'cluster-admin'],
  'poststarthook/scheduling/bootstrap-system-priority-classes': [priorityClasses, '', 'system-node-critical'],
  'poststarthook/bootstrap-controller': [services, 'default', 'kubernetes'],
  'poststarthook/kube-apiserver-autoregistration': [apiServices, '', 'v1.'],
}

const checks = [
  'informer-sync',
  'poststarthook/start-apiserver-admission-initializer',
  'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer',
  'poststarthook/priority-and-fairness-filter',
  'poststarthook/storage-object-count-tracker-hook',
  'poststarthook/start-apiextensions-informers',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/crd-informer-synced',
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-kube-apiserver-identity-lease-controller',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector',
  'poststarthook/start-legacy-token-tracking-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/aggregator-reload-proxy-client-cert',
  'poststarthook/start-kube-aggregator-informers',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/apiservice-discovery-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
]
