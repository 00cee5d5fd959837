import { bindPod } from '#main/cluster/apiserver/kinds/core/pod/binding.ts'
import { evictPod } from '#main/cluster/apiserver/kinds/core/pod/eviction.ts'
import type { KindDeclaration } from '#main/cluster/apiserver/api/kind.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { fieldInvalid, fieldRequired } from '#shared/kube/status.ts'

/** A few kinds with just enough behaviour to try the registry on, independent of the real declarations. */

const age = {
  name: 'Age',
  type: 'date' as const,
  description: 'Time since creation',
  value: (object: KubeObject, now: number) =>
    `${Math.floor((now - Date.parse(object.metadata.creationTimestamp ?? '')) / 1000)}s`,
}

interface SmallPod extends KubeObject {
  spec: { nodeName?: string; containers?: { name: string; image?: string }[]; terminationGracePeriodSeconds?: number }
  status?: { phase?: string }
}

interface SmallDeployment extends KubeObject {
  spec: { replicas?: number }
  status?: { replicas?: number }
}

const namespaces: KindDeclaration = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace',
  generation: false,
  status: {},
  subresources: { finalize: { verbs: ['update'], part: 'spec', field: 'finalizers' } },
  columns: [age],
}

const configMaps: KindDeclaration = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap',
  generation: false,
  columns: [age],
}

const pods: KindDeclaration<SmallPod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod',
  status: {},
  subresources: { binding: bindPod, eviction: evictPod, log: { verbs: ['get'] } },
  returnsDeleted: true,
  fields: {
    'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
    'status.phase': (pod) => pod.status?.phase ?? '',
  },
  columns: [{ name: 'Status', type: 'string', description: 'The phase', value: (pod) => pod.status?.phase ?? '' }, age],
  prepareForCreate(pod) {
    pod.status = { phase: 'Pending' }
  },
  validate: (pod) => (pod.spec?.containers?.length ? [] : [fieldRequired('spec.containers')]),
  deletionGrace: (pod, requested) =>
    pod.spec.nodeName ? (requested ?? pod.spec.terminationGracePeriodSeconds ?? 30) : 0,
}

const deployments: KindDeclaration<SmallDeployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.Deployment',
  status: {},
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  columns: [age],
  setDefaults(deployment) {
    deployment.spec ??= {}
    deployment.spec.replicas ??= 1
  },
  validate: ({ spec }) =>
    (spec.replicas ?? 0) < 0
      ? [fieldInvalid('spec.replicas', spec.replicas, 'must be greater than or equal to 0')]
      : [],
}

export const smallKinds = [namespaces, configMaps, pods, deployments] as readonly KindDeclaration[]
