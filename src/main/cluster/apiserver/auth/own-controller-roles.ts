import type { PolicyRule } from './rbac-types.ts'
import { apps, core, read, rule } from './role-rules.ts'

/**
 * What Slipway's controllers do besides: they read with rights of their own instead of a controller manager's, and write statuses
 * by patches.
 */
export const ownControllerRules = (): Record<string, PolicyRule[]> => ({
  'daemon-set-controller': [rule(['patch'], apps, ['daemonsets/status']), rule(['get'], core, ['nodes', 'pods'])],
  'deployment-controller': [rule(['patch'], apps, ['deployments', 'deployments/status'])],
  'disruption-controller': [rule(read, core, ['pods']), rule(['patch'], ['policy'], ['poddisruptionbudgets/status'])],
  'endpoint-controller': [rule(['patch'], core, ['endpoints']), rule(read, core, ['nodes'])],
  'endpointslice-controller': [rule(['patch'], ['discovery.k8s.io'], ['endpointslices'])],
  'endpointslicemirroring-controller': [rule(['patch'], ['discovery.k8s.io'], ['endpointslices'])],
  'job-controller': [rule(['patch'], ['batch'], ['jobs/status']), rule(['get'], core, ['pods'])],
  'namespace-controller': [rule(['patch'], core, ['namespaces/finalize', 'namespaces/status'])],
  'node-controller': [rule(read, ['coordination.k8s.io'], ['leases'])],
  'persistent-volume-binder': [
    rule(['get'], core, ['nodes']),
    rule(['patch'], core, [
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'persistentvolumes',
      'persistentvolumes/status',
    ]),
  ],
  'pod-garbage-collector': [rule(['get'], core, ['pods']), rule(['update'], core, ['pods/status'])],
  'replicaset-controller': [rule(['patch'], apps, ['replicasets/status']), rule(['get'], core, ['pods'])],
  'replication-controller': [rule(['patch'], core, ['replicationcontrollers/status']), rule(['get'], core, ['pods'])],
  'root-ca-cert-publisher': [rule([...read, 'patch'], core, ['configmaps']), rule(read, core, ['namespaces'])],
  'service-account-controller': [rule(read, core, ['namespaces', 'serviceaccounts'])],
  'statefulset-controller': [rule(['patch'], apps, ['statefulsets/status'])],
})
