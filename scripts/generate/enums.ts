import type { Schema } from './definitions.ts'

/**
 * The allowed values and the default of fields with few values. For display: `kubectl explain` and the editor's
 * completion show them; validation has its own.
 */
const core = 'io.k8s.api.core.v1'
const apps = 'io.k8s.api.apps.v1'
const batch = 'io.k8s.api.batch.v1'

const pullPolicies = ['Always', 'IfNotPresent', 'Never']
const protocols = ['SCTP', 'TCP', 'UDP']
const messagePolicies = ['FallbackToLogsOnError', 'File']
const conditionStatus = ['False', 'True', 'Unknown']

const enums: Record<string, Record<string, readonly string[]>> = {
  [`${core}.PodSpec`]: {
    dnsPolicy: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
    preemptionPolicy: ['Never', 'PreemptLowerPriority'],
    restartPolicy: ['Always', 'Never', 'OnFailure'],
  },
  [`${core}.PodStatus`]: {
    phase: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'],
    qosClass: ['BestEffort', 'Burstable', 'Guaranteed'],
  },
  [`${core}.Container`]: { imagePullPolicy: pullPolicies, terminationMessagePolicy: messagePolicies },
  [`${core}.EphemeralContainer`]: { imagePullPolicy: pullPolicies, terminationMessagePolicy: messagePolicies },
  [`${core}.ContainerPort`]: { protocol: protocols },
  [`${core}.HTTPGetAction`]: { scheme: ['HTTP', 'HTTPS'] },
  [`${core}.VolumeMount`]: { mountPropagation: ['Bidirectional', 'HostToContainer', 'None'] },
  [`${core}.HostPathVolumeSource`]: {
    type: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
  },
  [`${core}.ImageVolumeSource`]: { pullPolicy: pullPolicies },
  [`${core}.Toleration`]: {
    effect: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'],
    operator: ['Equal', 'Exists'],
  },
  [`${core}.Taint`]: { effect: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] },
  [`${core}.TopologySpreadConstraint`]: {
    nodeAffinityPolicy: ['Honor', 'Ignore'],
    nodeTaintsPolicy: ['Honor', 'Ignore'],
    whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'],
  },
  [`${core}.NodeSelectorRequirement`]: { operator: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] },
  [`${core}.SeccompProfile`]: { type: ['Localhost', 'RuntimeDefault', 'Unconfined'] },
  [`${core}.SecurityContext`]: { procMount: ['Default', 'Unmasked'] },
  [`${core}.PodSecurityContext`]: { fsGroupChangePolicy: ['Always', 'OnRootMismatch'] },
  [`${core}.PodCondition`]: { status: conditionStatus },
  [`${core}.NodeCondition`]: { status: conditionStatus },
  [`${core}.NamespaceStatus`]: { phase: ['Active', 'Terminating'] },
  [`${core}.ServiceSpec`]: {
    externalTrafficPolicy: ['Cluster', 'Local'],
    internalTrafficPolicy: ['Cluster', 'Local'],
    ipFamilyPolicy: ['PreferDualStack', 'RequireDualStack', 'SingleStack'],
    sessionAffinity: ['ClientIP', 'None'],
    type: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
  },
  [`${core}.ServicePort`]: { protocol: protocols },
  [`${core}.EndpointPort`]: { protocol: protocols },
  [`${core}.PersistentVolumeSpec`]: {
    persistentVolumeReclaimPolicy: ['Delete', 'Recycle', 'Retain'],
    volumeMode: ['Block', 'Filesystem'],
  },
  [`${core}.PersistentVolumeStatus`]: { phase: ['Available', 'Bound', 'Failed', 'Pending', 'Released'] },
  [`${core}.PersistentVolumeClaimSpec`]: { volumeMode: ['Block', 'Filesystem'] },
  [`${core}.PersistentVolumeClaimStatus`]: { phase: ['Bound', 'Lost', 'Pending'] },
  [`${apps}.DeploymentStrategy`]: { type: ['Recreate', 'RollingUpdate'] },
  [`${apps}.DaemonSetUpdateStrategy`]: { type: ['OnDelete', 'RollingUpdate'] },
  [`${apps}.StatefulSetUpdateStrategy`]: { type: ['OnDelete', 'RollingUpdate'] },
  [`${batch}.JobSpec`]: {
    completionMode: ['Indexed', 'NonIndexed'],
    podReplacementPolicy: ['Failed', 'TerminatingOrFailed'],
  },
  [`${batch}.CronJobSpec`]: { concurrencyPolicy: ['Allow', 'Forbid', 'Replace'] },
  'io.k8s.api.discovery.v1.EndpointSlice': { addressType: ['FQDN', 'IPv4', 'IPv6'] },
  'io.k8s.api.storage.v1.StorageClass': {
    reclaimPolicy: ['Delete', 'Recycle', 'Retain'],
    volumeBindingMode: ['Immediate', 'WaitForFirstConsumer'],
  },
  'io.k8s.api.scheduling.v1.PriorityClass': { preemptionPolicy: ['Never', 'PreemptLowerPriority'] },
}

/** Parts of list map keys that may be omitted. */
const defaults: Record<string, Record<string, string>> = {
  [`${core}.ContainerPort`]: { protocol: 'TCP' },
  [`${core}.ServicePort`]: { protocol: 'TCP' },
}

/** @throws when a line of the table names an unknown field. */
export function addEnums(definitions: Record<string, Schema>): Record<string, Schema> {
  const field = (name: string, property: string): Schema => {
    const schema = definitions[name]?.properties?.[property]
    if (!schema) throw new Error(`no field ${name}.${property}`)
    return schema
  }
  for (const [name, fields] of Object.entries(enums))
    for (const [property, values] of Object.entries(fields)) field(name, property).enum = [...values]
  for (const [name, fields] of Object.entries(defaults))
    for (const [property, value] of Object.entries(fields)) field(name, property).default = value
  return definitions
}
