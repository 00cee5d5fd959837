import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import type { Snapshot } from '../snapshot.ts'
import type { AttentionRule, Finding } from './rule.ts'

/** Versions of the API that Kubernetes has deprecated or removed, each with what takes their place. */
const deprecated: Readonly<Record<string, string>> = {
  'extensions/v1beta1': 'apps/v1, networking.k8s.io/v1',
  'apps/v1beta1': 'apps/v1',
  'apps/v1beta2': 'apps/v1',
  'batch/v1beta1': 'batch/v1',
  'networking.k8s.io/v1beta1': 'networking.k8s.io/v1',
  'policy/v1beta1': 'policy/v1',
  'autoscaling/v2beta1': 'autoscaling/v2',
  'autoscaling/v2beta2': 'autoscaling/v2',
  'storage.k8s.io/v1beta1': 'storage.k8s.io/v1',
  'discovery.k8s.io/v1beta1': 'discovery.k8s.io/v1',
  'events.k8s.io/v1beta1': 'events.k8s.io/v1',
  'rbac.authorization.k8s.io/v1beta1': 'rbac.authorization.k8s.io/v1',
  'resource.k8s.io/v1beta1': 'resource.k8s.io/v1',
}

/** The lists whose objects are looked at. */
const looked = [
  ['Deployment', 'deployments'],
  ['StatefulSet', 'statefulSets'],
  ['DaemonSet', 'daemonSets'],
  ['Job', 'jobs'],
  ['Ingress', 'ingresses'],
] as const

const applied = 'kubectl.kubernetes.io/last-applied-configuration'
const mirrored = 'endpointslicemirroring-controller.k8s.io'

/**
 * Objects that are written by a deprecated version of the API. The server stores them all in one version: by which one
 * they came is in `managedFields` and in the manifest that kubectl has kept. Endpoints, deprecated since 1.33, are known by
 * the slices that a controller makes of those that somebody writes.
 */
export const deprecatedApis: AttentionRule = {
  id: 'deprecated',
  needs: [],
  find: (snapshot) => [
    ...looked.flatMap(([kind, list]) => (snapshot[list] ?? []).flatMap((object) => findingOf(kind, object))),
    ...mirroredEndpoints(snapshot),
  ],
}

function findingOf(kind: string, object: Stored): Finding[] {
  const { name, namespace, managedFields = [], annotations = {} } = object.metadata
  const writer = managedFields.find(({ apiVersion }) => apiVersion !== undefined && apiVersion in deprecated)
  const version = writer?.apiVersion ?? manifestVersion(annotations[applied])
  const instead = deprecated[version ?? '']
  if (version === undefined || instead === undefined) return []
  return [
    {
      tone: 'quiet',
      about: { kind, name, namespace },
      says: t('overview.attention.deprecated', { version, writer: writer?.manager ?? 'kubectl apply', instead }),
    },
  ]
}

const manifestVersion = (text: string | undefined): string | undefined =>
  /"apiVersion":\s*"([^"]+)"/.exec(text ?? '')?.[1]

const mirroredEndpoints = ({ endpointSlices = [] }: Snapshot): Finding[] =>
  endpointSlices
    .filter(({ metadata: { labels } }: KubeObject) => labels?.['endpointslice.kubernetes.io/managed-by'] === mirrored)
    .map(({ metadata }): Finding => ({
      tone: 'quiet',
      about: {
        kind: 'Endpoints',
        name: metadata.labels?.['kubernetes.io/service-name'] ?? metadata.name,
        namespace: metadata.namespace,
      },
      says: t('overview.attention.endpoints'),
    }))
