import { goShapes } from '../../src/main/cluster/apiserver/schema/go-shapes.ts'
import type { Schema } from './definitions.ts'

/**
 * The values that Kubernetes' documents list for fields of a type, by Go's name of the type. For display: `kubectl explain` and
 * the editor's completion show them; validation has its own.
 */
const enums: Record<string, string> = {
  'v1.AddressType': 'FQDN IPv4 IPv6',
  'v1.AppArmorProfileType': 'Localhost RuntimeDefault Unconfined',
  'v1.AzureDataDiskCachingMode': 'None ReadOnly ReadWrite',
  'v1.AzureDataDiskKind': 'Dedicated Managed Shared',
  'v1.CompletionMode': 'Indexed NonIndexed',
  'v1.ConcurrencyPolicy': 'Allow Forbid Replace',
  'v1.DNSPolicy': 'ClusterFirst ClusterFirstWithHostNet Default None',
  'v1.DaemonSetUpdateStrategyType': 'OnDelete RollingUpdate',
  'v1.DeploymentStrategyType': 'Recreate RollingUpdate',
  'v1.DeviceTaintEffect': 'NoExecute NoSchedule None',
  'v1.DeviceTolerationOperator': 'Equal Exists',
  'v1.FailurePolicyType': 'Fail Ignore',
  'v1.HostPathType': ' BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket',
  'v1.IPFamily': ' IPv4 IPv6',
  'v1.IPFamilyPolicy': 'PreferDualStack RequireDualStack SingleStack',
  'v1.MatchPolicyType': 'Equivalent Exact',
  'v1.MountPropagationMode': 'Bidirectional HostToContainer None',
  'v1.NamespacePhase': 'Active Terminating',
  'v1.NodeInclusionPolicy': 'Honor Ignore',
  'v1.NodePhase': 'Pending Running Terminated',
  'v1.NodeSelectorOperator': 'DoesNotExist Exists Gt In Lt NotIn',
  'v1.OperationType': '* CONNECT CREATE DELETE UPDATE',
  'v1.ParameterNotFoundActionType': 'Allow Deny',
  'v1.PatchType': 'ApplyConfiguration JSONPatch',
  'v1.PathType': 'Exact ImplementationSpecific Prefix',
  'v1.PersistentVolumeAccessMode': 'ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod',
  'v1.PersistentVolumeClaimModifyVolumeStatus': 'InProgress Infeasible Pending',
  'v1.PersistentVolumeClaimPhase': 'Bound Lost Pending',
  'v1.PersistentVolumeMode': 'Block Filesystem',
  'v1.PersistentVolumePhase': 'Available Bound Failed Pending Released',
  'v1.PersistentVolumeReclaimPolicy': 'Delete Recycle Retain',
  'v1.PodFSGroupChangePolicy': 'Always OnRootMismatch',
  'v1.PodFailurePolicyAction': 'Count FailIndex FailJob Ignore',
  'v1.PodFailurePolicyOnExitCodesOperator': 'In NotIn',
  'v1.PodManagementPolicyType': 'OrderedReady Parallel',
  'v1.PodPhase': 'Failed Pending Running Succeeded Unknown',
  'v1.PodQOSClass': 'BestEffort Burstable Guaranteed',
  'v1.PodReplacementPolicy': 'Failed TerminatingOrFailed',
  'v1.PolicyType': 'Egress Ingress',
  'v1.PreemptionPolicy': 'Never PreemptLowerPriority',
  'v1.ProcMountType': 'Default Unmasked',
  'v1.Protocol': 'SCTP TCP UDP',
  'v1.PullPolicy': 'Always IfNotPresent Never',
  'v1.ReinvocationPolicyType': 'IfNeeded Never',
  'v1.ResourceQuotaScope':
    'BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating VolumeAttributesClass',
  'v1.RestartPolicy': 'Always Never OnFailure',
  'v1.ScopeSelectorOperator': 'DoesNotExist Exists In NotIn',
  'v1.ScopeType': '* Cluster Namespaced',
  'v1.SeccompProfileType': 'Localhost RuntimeDefault Unconfined',
  'v1.ServiceAffinity': 'ClientIP None',
  'v1.ServiceExternalTrafficPolicy': 'Cluster Local',
  'v1.ServiceInternalTrafficPolicy': 'Cluster Local',
  'v1.ServiceType': 'ClusterIP ExternalName LoadBalancer NodePort',
  'v1.SideEffectClass': 'None NoneOnDryRun Some Unknown',
  'v1.StatefulSetUpdateStrategyType': 'OnDelete RollingUpdate',
  'v1.SupplementalGroupsPolicy': 'Merge Strict',
  'v1.TaintEffect': 'NoExecute NoSchedule PreferNoSchedule',
  'v1.TerminationMessagePolicy': 'FallbackToLogsOnError File',
  'v1.TolerationOperator': 'Equal Exists Gt Lt',
  'v1.URIScheme': 'HTTP HTTPS',
  'v1.UnhealthyPodEvictionPolicyType': 'AlwaysAllow IfHealthyBudget',
  'v1.UnsatisfiableConstraintAction': 'DoNotSchedule ScheduleAnyway',
  'v1.ValidationAction': 'Audit Deny Warn',
  'v1.VolumeBindingMode': 'Immediate WaitForFirstConsumer',
}

const core = 'io.k8s.api.core.v1'
const namedByDefault = { name: '' }
const azureDisk = { cachingMode: 'ReadWrite', fsType: 'ext4', kind: 'Shared', readOnly: false }
const cephBlock = { keyring: '/etc/ceph/keyring', pool: 'rbd', user: 'admin' }
const scaleIo = { fsType: 'xfs', storageMode: 'ThinProvisioned' }

/** Defaults that Kubernetes' types state; those of list map keys are parts of keys that may be omitted. */
const defaults: Record<string, Record<string, unknown>> = {
  [`${core}.AzureDiskVolumeSource`]: azureDisk,
  [`${core}.ConfigMapEnvSource`]: namedByDefault,
  [`${core}.ConfigMapKeySelector`]: namedByDefault,
  [`${core}.ConfigMapProjection`]: namedByDefault,
  [`${core}.ConfigMapVolumeSource`]: namedByDefault,
  [`${core}.ContainerPort`]: { protocol: 'TCP' },
  [`${core}.GRPCAction`]: { service: '' },
  [`${core}.ISCSIPersistentVolumeSource`]: { iscsiInterface: 'default' },
  [`${core}.ISCSIVolumeSource`]: { iscsiInterface: 'default' },
  [`${core}.LocalObjectReference`]: namedByDefault,
  [`${core}.RBDPersistentVolumeSource`]: cephBlock,
  [`${core}.RBDVolumeSource`]: cephBlock,
  [`${core}.ReplicationControllerSpec`]: { minReadySeconds: 0, replicas: 1 },
  [`${core}.ScaleIOPersistentVolumeSource`]: scaleIo,
  [`${core}.ScaleIOVolumeSource`]: scaleIo,
  [`${core}.SecretEnvSource`]: namedByDefault,
  [`${core}.SecretKeySelector`]: namedByDefault,
  [`${core}.SecretProjection`]: namedByDefault,
  [`${core}.ServicePort`]: { protocol: 'TCP' },
  'io.k8s.api.resource.v1.DeviceToleration': { operator: 'Equal' },
}

/** @throws when a line of the table of defaults names an unknown field. */
export function addEnums(definitions: Record<string, Schema>): Record<string, Schema> {
  const shapeOf = goShapes()
  for (const [name, { properties = {} }] of Object.entries(definitions))
    for (const { name: field, goType = '' } of shapeOf(name).fields) {
      const values = enums[goType.replace('[]', '')]?.split(' ')
      const schema = properties[field]?.items ?? properties[field]
      if (values && schema?.type === 'string') schema.enum = values
    }
  for (const [name, fields] of Object.entries(defaults))
    for (const [property, value] of Object.entries(fields)) {
      const schema = definitions[name]?.properties?.[property]
      if (!schema) throw new Error(`no field ${name}.${property}`)
      schema.default = value
    }
  return definitions
}
