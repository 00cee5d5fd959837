import type { Component } from 'vue'
import { latePart } from '../../components/late-part.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { kindId } from './page.ts'

const generic = latePart(() => import('./GenericPage.vue'))
const workload = latePart(() => import('./workload/WorkloadPage.vue'))
const storage = latePart(() => import('./storage/StoragePage.vue'))
const role = latePart(() => import('./access/RolePage.vue'))
const binding = latePart(() => import('./access/BindingPage.vue'))
const webhooks = latePart(() => import('./admission/WebhooksPage.vue'))
const data = latePart(() => import('./data/DataPage.vue'))

/** The pages of kinds that have one of their own, loaded when first shown. */
const pages: Readonly<Record<string, Component>> = {
  Pod: latePart(() => import('./pod/PodPage.vue')),
  'apps/Deployment': workload,
  'apps/ReplicaSet': workload,
  'apps/StatefulSet': workload,
  'apps/DaemonSet': workload,
  'batch/Job': latePart(() => import('./batch/JobPage.vue')),
  'batch/CronJob': latePart(() => import('./batch/CronJobPage.vue')),
  'autoscaling/HorizontalPodAutoscaler': latePart(() => import('./policy/AutoscalerPage.vue')),
  Service: latePart(() => import('./network/ServicePage.vue')),
  'networking.k8s.io/Ingress': latePart(() => import('./network/IngressPage.vue')),
  'networking.k8s.io/NetworkPolicy': latePart(() => import('./network/NetworkPolicyPage.vue')),
  ServiceAccount: latePart(() => import('./access/ServiceAccountPage.vue')),
  ConfigMap: data,
  Secret: data,
  LimitRange: latePart(() => import('./policy/LimitRangePage.vue')),
  ResourceQuota: latePart(() => import('./policy/QuotaPage.vue')),
  PersistentVolumeClaim: storage,
  PersistentVolume: storage,
  'storage.k8s.io/StorageClass': latePart(() => import('./storage/StorageClassPage.vue')),
  'rbac.authorization.k8s.io/Role': role,
  'rbac.authorization.k8s.io/ClusterRole': role,
  'rbac.authorization.k8s.io/RoleBinding': binding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': latePart(
    () => import('./admission/ValidatingPolicyPage.vue'),
  ),
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': latePart(
    () => import('./admission/PolicyBindingPage.vue'),
  ),
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'policy/PodDisruptionBudget': latePart(() => import('./policy/BudgetPage.vue')),
  'scheduling.k8s.io/PriorityClass': latePart(() => import('./scheduling/PriorityClassPage.vue')),
  'apiextensions.k8s.io/CustomResourceDefinition': latePart(() => import('./api/DefinitionPage.vue')),
  Namespace: latePart(() => import('./cluster/NamespacePage.vue')),
  Node: latePart(() => import('./node/NodePage.vue')),
  Event: latePart(() => import('./EventPage.vue')),
}

/** What draws the overview of a kind. */
export const pageOf = (kind: KindDescriptor): Component => pages[kindId(kind)] ?? generic
