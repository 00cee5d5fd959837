import type { KubeObject } from '#shared/kube/object.ts'
import type { KindDeclaration } from '../api/kind.ts'
import { mutatingAdmissionPolicy } from './admissionregistration/mutatingadmissionpolicy.ts'
import { mutatingAdmissionPolicyBinding } from './admissionregistration/mutatingadmissionpolicybinding.ts'
import { mutatingWebhookConfiguration } from './admissionregistration/mutatingwebhookconfiguration.ts'
import { validatingAdmissionPolicy } from './admissionregistration/validatingadmissionpolicy.ts'
import { validatingAdmissionPolicyBinding } from './admissionregistration/validatingadmissionpolicybinding.ts'
import { validatingWebhookConfiguration } from './admissionregistration/validatingwebhookconfiguration.ts'
import { customResourceDefinition } from './apiextensions/customresourcedefinition/index.ts'
import { apiService } from './apiregistration/apiservice.ts'
import { controllerRevision } from './apps/controllerrevision.ts'
import { daemonSet } from './apps/daemonset.ts'
import { deployment } from './apps/deployment.ts'
import { replicaSet } from './apps/replicaset.ts'
import { statefulSet } from './apps/statefulset.ts'
import { horizontalPodAutoscalerV1 } from './autoscaling/horizontalpodautoscaler/v1.ts'
import { horizontalPodAutoscaler } from './autoscaling/horizontalpodautoscaler/index.ts'
import { cronJob } from './batch/cronjob/index.ts'
import { job } from './batch/job/index.ts'
import { certificateSigningRequest } from './certificates/certificatesigningrequest/index.ts'
import { lease } from './coordination/lease.ts'
import { binding } from './core/pod/bindings.ts'
import { componentStatus } from './core/componentstatus.ts'
import { configMap } from './core/configmap.ts'
import { endpoints } from './core/endpoints.ts'
import { event } from './core/event.ts'
import { limitRange } from './core/limitrange.ts'
import { namespace } from './core/namespace.ts'
import { node } from './core/node.ts'
import { persistentVolume } from './core/persistentvolume.ts'
import { persistentVolumeClaim } from './core/persistentvolumeclaim.ts'
import { pod } from './core/pod/index.ts'
import { podTemplate } from './core/podtemplate.ts'
import { replicationController } from './core/replicationcontroller.ts'
import { resourceQuota } from './core/resourcequota.ts'
import { secret } from './core/secret.ts'
import { service } from './core/service/index.ts'
import { serviceAccount } from './core/serviceaccount.ts'
import { endpointSlice } from './discovery/endpointslice.ts'
import { eventsEvent } from './events/event.ts'
import { flowSchema } from './flowcontrol/flowschema.ts'
import { priorityLevelConfiguration } from './flowcontrol/prioritylevelconfiguration.ts'
import { ingress } from './networking/ingress.ts'
import { ingressClass } from './networking/ingressclass.ts'
import { ipAddress } from './networking/ipaddress.ts'
import { networkPolicy } from './networking/networkpolicy.ts'
import { serviceCidr } from './networking/servicecidr.ts'
import { runtimeClass } from './node/runtimeclass.ts'
import { podDisruptionBudget } from './policy/poddisruptionbudget.ts'
import { clusterRole } from './rbac/clusterrole.ts'
import { clusterRoleBinding } from './rbac/clusterrolebinding.ts'
import { role } from './rbac/role.ts'
import { roleBinding } from './rbac/rolebinding.ts'
import { deviceClass } from './resource/deviceclass.ts'
import { resourceClaim } from './resource/resourceclaim.ts'
import { resourceClaimTemplate } from './resource/resourceclaimtemplate.ts'
import { resourceSlice } from './resource/resourceslice.ts'
import { priorityClass } from './scheduling/priorityclass.ts'
import { csiDriver } from './storage/csidriver.ts'
import { csiNode } from './storage/csinode.ts'
import { csiStorageCapacity } from './storage/csistoragecapacity.ts'
import { storageClass } from './storage/storageclass.ts'
import { volumeAttachment } from './storage/volumeattachment.ts'
import { volumeAttributesClass } from './storage/volumeattributesclass.ts'

/** Every built-in kind. To add one, write its declaration and list it here. */
export const kinds: readonly KindDeclaration[] = [
  anyKind(binding),
  anyKind(componentStatus),
  anyKind(configMap),
  anyKind(endpoints),
  anyKind(event),
  anyKind(namespace),
  anyKind(node),
  anyKind(persistentVolumeClaim),
  anyKind(persistentVolume),
  anyKind(pod),
  anyKind(podTemplate),
  anyKind(secret),
  anyKind(serviceAccount),
  anyKind(service),
  anyKind(limitRange),
  anyKind(replicationController),
  anyKind(resourceQuota),

  anyKind(mutatingAdmissionPolicy),
  anyKind(mutatingAdmissionPolicyBinding),
  anyKind(validatingAdmissionPolicy),
  anyKind(validatingAdmissionPolicyBinding),
  anyKind(mutatingWebhookConfiguration),
  anyKind(validatingWebhookConfiguration),
  anyKind(customResourceDefinition),
  anyKind(apiService),

  anyKind(controllerRevision),
  anyKind(daemonSet),
  anyKind(deployment),
  anyKind(replicaSet),
  anyKind(statefulSet),

  anyKind(horizontalPodAutoscaler),
  anyKind(horizontalPodAutoscalerV1),

  anyKind(job),
  anyKind(cronJob),
  anyKind(certificateSigningRequest),
  anyKind(lease),
  anyKind(endpointSlice),
  anyKind(eventsEvent),
  anyKind(flowSchema),
  anyKind(priorityLevelConfiguration),
  anyKind(ingressClass),
  anyKind(ingress),
  anyKind(ipAddress),
  anyKind(networkPolicy),
  anyKind(serviceCidr),
  anyKind(runtimeClass),
  anyKind(podDisruptionBudget),
  anyKind(clusterRoleBinding),
  anyKind(clusterRole),
  anyKind(roleBinding),
  anyKind(role),
  anyKind(priorityClass),
  anyKind(deviceClass),
  anyKind(resourceClaim),
  anyKind(resourceClaimTemplate),
  anyKind(resourceSlice),
  anyKind(csiDriver),
  anyKind(csiNode),
  anyKind(csiStorageCapacity),
  anyKind(storageClass),
  anyKind(volumeAttachment),
  anyKind(volumeAttributesClass),
]

/** The registry handles all kinds alike; it passes a declaration only objects of the declaration's own type. */
function anyKind<T extends KubeObject>(kind: KindDeclaration<T>): KindDeclaration {
  return kind as unknown as KindDeclaration
}
