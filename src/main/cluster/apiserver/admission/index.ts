import type { Clock } from '#shared/base/clock.ts'
import type { RbacAuthorizer } from '../auth/rbac.ts'
import type { AdmissionPlugin } from '../api/admission.ts'
import { serviceAllocator } from '../registry/service-allocator.ts'
import { certificateRequester } from './certificate-requester.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificate-signers.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { deviceAccess } from './device-access.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podSecurity } from './pod-security/index.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { resourceQuota, type ResourceQuotaOptions } from './resource-quota.ts'
import { runtimeClassAdmission } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { mutatingPolicies } from '../policies/mutating.ts'
import { validatingPolicies } from '../policies/validating.ts'
import type { ResourceTable } from '../api/resources.ts'
import { mutatingWebhooks, validatingWebhooks, type WebhookOptions } from '../webhooks/webhooks.ts'

/** The admission chain, in the order of Kubernetes. */
export const admissionPlugins = (options: {
  clock: Clock
  rbac: RbacAuthorizer
  webhooks: WebhookOptions
  quota: ResourceQuotaOptions
  /** The served resources: parameters of policies may be of any kind. */
  resources: ResourceTable
  /** Range of Services while there is no ServiceCIDR. */
  cidr?: string
}): AdmissionPlugin[] => [
  namespaceLifecycle,
  limitRanger,
  serviceAccount(options),
  nodeRestriction({ authorizer: options.rbac }),
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClassAdmission,
  rbacEscalation(options),
  certificateRequester,
  certificateApproval(options),
  certificateSigning(options),
  certificateSubjectRestriction,
  defaultIngressClass,
  podTopologyLabels,
  deviceAccess({ authorizer: options.rbac }),
  mutatingPolicies({ ...options, authorizer: options.rbac }),
  mutatingWebhooks(options.webhooks),
  validatingPolicies({ ...options, authorizer: options.rbac }),
  validatingWebhooks(options.webhooks),
  resourceQuota(options.quota),
  serviceAllocator(options),
]
