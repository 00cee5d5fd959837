import type { KindDeclaration } from '#main/cluster/apiserver/registry/kind.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import * as resources from '#shared/kube/resources.ts'

const prefixes: Record<string, string> = {
  '': 'core',
  'discovery.k8s.io': 'discovery',
  'coordination.k8s.io': 'coordination',
  'rbac.authorization.k8s.io': 'rbac',
  'storage.k8s.io': 'storage',
  'networking.k8s.io': 'networking',
}

interface Any extends KubeObject {
  spec?: {
    finalizers?: string[]
    nodeName?: string
    terminationGracePeriodSeconds?: number
    template?: unknown
    selector?: unknown
  }
  status?: { phase?: string }
}

const wanted =
  'pods services endpoints configMaps secrets serviceAccounts namespaces nodes deployments replicaSets daemonSets controllerRevisions jobs leases endpointSlices events persistentVolumeClaims'.split(
    ' ',
  )

export const looseKinds: KindDeclaration[] = Object.entries(resources)
  .filter(([name]) => wanted.includes(name))
  .map(
    ([, resource]) => resource as { group: string; version: string; plural: string; kind: string; namespaced: boolean },
  )
  .map(({ group, version, plural, kind, namespaced }) => {
    const declaration: KindDeclaration<Any> = {
      group,
      version,
      kind,
      plural,
      singular: kind.toLowerCase(),
      namespaced,
      schema: `io.k8s.api.${prefixes[group] ?? group.split('.')[0] ?? ''}.${version}.${kind}`,
      columns: [],
      ...(['configmaps', 'secrets', 'endpoints', 'leases', 'events', 'serviceaccounts'].includes(plural)
        ? { generation: false }
        : { status: {} }),
      ...(plural === 'namespaces'
        ? {
            subresources: ['finalize'],
            prepareForCreate: (object: Any) => {
              object.spec = { finalizers: ['kubernetes'] }
              object.status = { phase: 'Active' }
            },
            prepareForDelete: (object: Any) => {
              object.status = { ...object.status, phase: 'Terminating' }
            },
            holdsDeletion: (object: Any) => (object.spec?.finalizers?.length ?? 0) > 0,
          }
        : {}),
      ...(plural === 'pods'
        ? {
            returnsDeleted: true,
            subresources: ['binding', 'eviction'],
            prepareForCreate: (object: Any) => {
              object.status = { phase: 'Pending' }
            },
            deletionGrace: (object: Any, requested: number | undefined) =>
              object.spec?.nodeName && !['Succeeded', 'Failed'].includes(object.status?.phase ?? '')
                ? (requested ?? object.spec.terminationGracePeriodSeconds ?? 30)
                : 0,
          }
        : {}),
      ...(plural === 'jobs'
        ? {
            prepareForCreate: (object: Any) => {
              const labels = { 'batch.kubernetes.io/controller-uid': object.metadata.uid ?? '' }
              const template = (object.spec?.template ?? {}) as { metadata?: { labels?: Record<string, string> } }
              object.spec = {
                ...object.spec,
                selector: { matchLabels: labels },
                template: {
                  ...template,
                  metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
                },
              }
            },
          }
        : {}),
    }
    return declaration as KindDeclaration
  })
