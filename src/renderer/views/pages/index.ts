import { type Component } from 'vue'
import { latePart } from '../../components/late-part.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { kindId } from './page.ts'

const page = (load: () => Promise<Component>): Component => latePart(load)

const generic = page(() => import('./GenericPage.vue'))
const workload = page(() => import('./workload/WorkloadPage.vue'))
const storage = page(() => import('./storage/StoragePage.vue'))
const role = page(() => import('./access/RolePage.vue'))
const binding = page(() => import('./access/BindingPage.vue'))
const webhooks = page(() => import('./admission/WebhooksPage.vue'))
const data = page(() => import('./data/DataPage.vue'))

/** The pages of kinds that have one of their own, loaded when first shown. */
const pages: Readonly<Record<string, Component>> = {
  Pod: page(() => import('./pod/PodPage.vue')),
  'apps/Deployment': workload,
  'apps/ReplicaSet': workload,
  'apps/StatefulSet': workload,
  'apps/DaemonSet': workload,
  'batch/Job': page(() => import('./batch/JobPage.vue')),
  'batch/CronJob': page(() => import('./batch/CronJobPage.vue')),
  'autoscaling/HorizontalPodAutoscaler': page(() => import('./policy/AutoscalerPage.vue')),
  Service: page(() => import('./network/ServicePage.vue')),
  'networking.k8s.io/Ingress': page(() => import('./network/IngressPage.vue')),
  'networking.k8s.io/NetworkPolicy': page(() => import('./network/NetworkPolicyPage.vue')),
  ServiceAccount: page(() => import('./access/ServiceAccountPage.vue')),
  ConfigMap: data,
  Secret: data,
  ResourceQuota: page(() => import('./policy/QuotaPage.vue')),
  PersistentVolumeClaim: storage,
  PersistentVolume: storage,
  'storage.k8s.io/StorageClass': page(() => import('./storage/StorageClassPage.vue')),
  'rbac.authorization.k8s.io/Role': role,
  'rbac.authorization.k8s.io/ClusterRole': role,
  'rbac.authorization.k8s.io/RoleBinding': binding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': page(() => import('./admission/ValidatingPolicyPage.vue')),
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'policy/PodDisruptionBudget': page(() => import('./policy/BudgetPage.vue')),
  'scheduling.k8s.io/PriorityClass': page(() => import('./scheduling/PriorityClassPage.vue')),
  'apiextensions.k8s.io/CustomResourceDefinition': page(() => import('./api/DefinitionPage.vue')),
  Namespace: page(() => import('./cluster/NamespacePage.vue')),
  Node: page(() => import('./node/NodePage.vue')),
  Event: page(() => import('./EventPage.vue')),
}

/** What draws the overview of a kind. */
export const pageOf = (kind: KindDescriptor): Component => pages[kindId(kind)] ?? generic
