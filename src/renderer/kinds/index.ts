import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts'
import { apiService } from './apiregistration/api-service.ts'
import { mutatingAdmissionPolicyBinding } from './admissionregistration/mutating-admission-policy-binding.ts'
import { mutatingAdmissionPolicy } from './admissionregistration/mutating-admission-policy.ts'
import { mutatingWebhookConfiguration } from './admissionregistration/mutating-webhook-configuration.ts'
import { validatingAdmissionPolicyBinding } from './admissionregistration/validating-admission-policy-binding.ts'
import { validatingAdmissionPolicy } from './admissionregistration/validating-admission-policy.ts'
import { validatingWebhookConfiguration } from './admissionregistration/validating-webhook-configuration.ts'
import { controllerRevision } from './apps/controller-revision.ts'
import { daemonSet } from './apps/daemon-set.ts'
import { deployment } from './apps/deployment.ts'
import { replicaSet } from './apps/replica-set.ts'
import { statefulSet } from './apps/stateful-set.ts'
import { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts'
import { cronJob } from './batch/cron-job.ts'
import { job } from './batch/job.ts'
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts'
import { lease } from './coordination/lease.ts'
import { configMap } from './core/config-map.ts'
import { endpointsKind } from './core/endpoints.ts'
import { event } from './core/event.ts'
import { limitRange } from './core/limit-range.ts'
import { namespace } from './core/namespace.ts'
import { node } from './core/node.ts'
import { persistentVolumeClaim } from './core/persistent-volume-claim.ts'
import { persistentVolume } from './core/persistent-volume.ts'
import { podTemplate } from './core/pod-template.ts'
import { pod } from './core/pod.ts'
import { replicationController } from './core/replication-controller.ts'
import { resourceQuota } from './core/resource-quota.ts'
import { secret } from './core/secret.ts'
import { serviceAccount } from './core/service-account.ts'
import { service } from './core/service.ts'
import type { KindDescriptor } from './descriptor.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import { flowSchema } from './flowcontrol/flow-schema.ts'
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts'
import { ingressClass } from './networking/ingress-class.ts'
import { ingress } from './networking/ingress.ts'
import { ipAddress } from './networking/ip-address.ts'
import { networkPolicy } from './networking/network-policy.ts'
import { serviceCidr } from './networking/service-cidr.ts'
import { runtimeClass } from './node/runtime-class.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts'
import { clusterRoleBinding } from './rbac/cluster-role-binding.ts'
import { clusterRole } from './rbac/cluster-role.ts'
import { roleBinding } from './rbac/role-binding.ts'
import { role } from './rbac/role.ts'
import { deviceClass } from './resource/device-class.ts'
import { resourceClaimTemplate } from './resource/resource-claim-template.ts'
import { resourceClaim } from './resource/resource-claim.ts'
import { resourceSlice } from './resource/resource-slice.ts'
import { priorityClass } from './scheduling/priority-class.ts'
import { csiDriver } from './storage/csi-driver.ts'
import { csiNode } from './storage/csi-node.ts'
import { csiStorageCapacity } from './storage/csi-storage-capacity.ts'
import { storageClass } from './storage/storage-class.ts'
import { volumeAttachment } from './storage/volume-attachment.ts'
import { volumeAttributesClass } from './storage/volume-attributes-class.ts'

/** Every kind that has a room here, in the order of the sidebar; `catalogue.ts` adds what else a cluster serves. */
export const kinds: readonly KindDescriptor[] = [
  pod,
  deployment,
  statefulSet,
  daemonSet,
  replicaSet,
  job,
  cronJob,
  horizontalPodAutoscaler,
  podDisruptionBudget,
  replicationController,
  controllerRevision,
  podTemplate,
  service,
  ingress,
  networkPolicy,
  endpointSlice,
  endpointsKind,
  ingressClass,
  serviceCidr,
  ipAddress,
  configMap,
  secret,
  resourceQuota,
  limitRange,
  persistentVolumeClaim,
  persistentVolume,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  serviceAccount,
  role,
  roleBinding,
  clusterRole,
  clusterRoleBinding,
  certificateSigningRequest,
  validatingWebhookConfiguration,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  priorityClass,
  runtimeClass,
  resourceClaim,
  resourceClaimTemplate,
  deviceClass,
  resourceSlice,
  node,
  namespace,
  event,
  lease,
  customResourceDefinition,
  apiService,
  flowSchema,
  priorityLevelConfiguration,
]

/** Names a kind in addresses: `pods`, and `widgets.example.com` for kinds that have no room here. */
export function kindKey({ group, plural }: KindDescriptor['resource']): string {
  const known = kinds.find(({ resource }) => resource.plural === plural)
  return known?.resource.group === group || group === '' ? plural : `${plural}.${group}`
}
