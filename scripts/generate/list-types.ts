import type { Schema } from './definitions.ts'

/**
 * Information that the models lack: how lists and maps merge, in strategic merge patch (patch-merge-key,
 * patch-strategy) and in server-side apply (list-type, list-map-keys, map-type). One line per field: `Type.field:
 * rule`. Source: Kubernetes' published OpenAPI document.
 */
const core = 'io.k8s.api.core.v1'
const metaV1 = 'io.k8s.apimachinery.pkg.apis.meta.v1'

type Rule = { merge?: string; strategy?: string; list?: 'atomic' | 'set' | 'map'; keys?: string[]; map?: 'atomic' }
const byKey = (...keys: string[]): Rule => ({ merge: keys[0] ?? '', strategy: 'merge', list: 'map', keys })
/** Merged by key in strategic patches, replaced as a whole in server-side apply. */
const atomicByKey = (key: string): Rule => ({ merge: key, strategy: 'merge', list: 'atomic' })
const mapOnly = (...keys: string[]): Rule => ({ list: 'map', keys })
const set: Rule = { list: 'set' }
const mergeSet: Rule = { strategy: 'merge', list: 'set' }
const atomic: Rule = { list: 'atomic' }
const retainKeys: Rule = { strategy: 'retainKeys' }
const replaced: Rule = { strategy: 'replace' }

const fields: Record<string, Record<string, Rule>> = {
  [`${metaV1}.ObjectMeta`]: {
    finalizers: mergeSet,
    ownerReferences: byKey('uid'),
    managedFields: atomic,
  },
  [`${metaV1}.DeleteOptions`]: { dryRun: atomic },
  [`${metaV1}.LabelSelector`]: { matchExpressions: atomic },
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec': { selector: replaced },
  [`${metaV1}.LabelSelectorRequirement`]: { values: atomic },
  [`${core}.PodSpec`]: {
    containers: byKey('name'),
    initContainers: byKey('name'),
    ephemeralContainers: byKey('name'),
    volumes: { ...byKey('name'), strategy: 'merge,retainKeys' },
    imagePullSecrets: byKey('name'),
    hostAliases: byKey('ip'),
    tolerations: atomic,
    topologySpreadConstraints: {
      merge: 'topologyKey',
      strategy: 'merge',
      list: 'map',
      keys: ['topologyKey', 'whenUnsatisfiable'],
    },
    readinessGates: atomic,
    schedulingGates: byKey('name'),
    resourceClaims: { ...byKey('name'), strategy: 'merge,retainKeys' },
  },
  ...Object.fromEntries(
    [`${core}.Container`, `${core}.EphemeralContainer`].map((name) => [
      name,
      {
        args: atomic,
        command: atomic,
        env: byKey('name'),
        envFrom: atomic,
        ports: { merge: 'containerPort', strategy: 'merge', list: 'map', keys: ['containerPort', 'protocol'] },
        resizePolicy: atomic,
        volumeDevices: byKey('devicePath'),
        volumeMounts: byKey('mountPath'),
        restartPolicyRules: atomic,
      } satisfies Record<string, Rule>,
    ]),
  ),
  [`${core}.ResourceRequirements`]: { claims: mapOnly('name') },
  [`${core}.Capabilities`]: { add: atomic, drop: atomic },
  [`${core}.PodSecurityContext`]: { supplementalGroups: atomic, sysctls: atomic },
  [`${core}.PodDNSConfig`]: { nameservers: atomic, options: atomic, searches: atomic },
  [`${core}.HostAlias`]: { hostnames: atomic },
  [`${core}.ExecAction`]: { command: atomic },
  [`${core}.HTTPGetAction`]: { httpHeaders: atomic },
  [`${core}.ConfigMapVolumeSource`]: { items: atomic },
  [`${core}.SecretVolumeSource`]: { items: atomic },
  [`${core}.ConfigMapProjection`]: { items: atomic },
  [`${core}.SecretProjection`]: { items: atomic },
  [`${core}.DownwardAPIVolumeSource`]: { items: atomic },
  [`${core}.DownwardAPIProjection`]: { items: atomic },
  [`${core}.ProjectedVolumeSource`]: { sources: atomic },
  [`${core}.NodeSelector`]: { nodeSelectorTerms: atomic },
  [`${core}.NodeSelectorTerm`]: { matchExpressions: atomic, matchFields: atomic },
  [`${core}.NodeSelectorRequirement`]: { values: atomic },
  [`${core}.NodeAffinity`]: { preferredDuringSchedulingIgnoredDuringExecution: atomic },
  [`${core}.PodAffinity`]: {
    preferredDuringSchedulingIgnoredDuringExecution: atomic,
    requiredDuringSchedulingIgnoredDuringExecution: atomic,
  },
  [`${core}.PodAntiAffinity`]: {
    preferredDuringSchedulingIgnoredDuringExecution: atomic,
    requiredDuringSchedulingIgnoredDuringExecution: atomic,
  },
  [`${core}.PodAffinityTerm`]: { namespaces: atomic, matchLabelKeys: atomic, mismatchLabelKeys: atomic },
  [`${core}.TopologySpreadConstraint`]: { matchLabelKeys: atomic },
  [`${core}.PodStatus`]: {
    conditions: byKey('type'),
    podIPs: byKey('ip'),
    hostIPs: atomicByKey('ip'),
    containerStatuses: atomic,
    initContainerStatuses: atomic,
    ephemeralContainerStatuses: atomic,
    resourceClaimStatuses: { ...byKey('name'), strategy: 'merge,retainKeys' },
  },
  [`${core}.ContainerStatus`]: { volumeMounts: byKey('mountPath'), allocatedResourcesStatus: byKey('name') },
  [`${core}.TopologySelectorTerm`]: { matchLabelExpressions: atomic },
  [`${core}.TopologySelectorLabelRequirement`]: { values: atomic },
  [`${core}.NodeSpec`]: { podCIDRs: mergeSet, taints: atomic },
  [`${core}.NodeStatus`]: {
    addresses: byKey('type'),
    conditions: byKey('type'),
    images: atomic,
    volumesAttached: atomic,
    volumesInUse: atomic,
  },
  [`${core}.ContainerImage`]: { names: atomic },
  [`${core}.ServiceSpec`]: {
    ports: { merge: 'port', strategy: 'merge', list: 'map', keys: ['port', 'protocol'] },
    externalIPs: atomic,
    loadBalancerSourceRanges: atomic,
    clusterIPs: atomic,
    ipFamilies: atomic,
  },
  [`${core}.ServiceStatus`]: { conditions: byKey('type') },
  [`${core}.LoadBalancerStatus`]: { ingress: atomic },
  [`${core}.ServiceAccount`]: { secrets: byKey('name'), imagePullSecrets: atomic },
  [`${core}.NamespaceSpec`]: { finalizers: atomic },
  [`${core}.NamespaceStatus`]: { conditions: byKey('type') },
  [`${core}.PersistentVolumeClaimStatus`]: { conditions: byKey('type'), accessModes: atomic },
  [`${core}.PersistentVolumeClaimSpec`]: { accessModes: atomic },
  [`${core}.PersistentVolumeSpec`]: { accessModes: atomic, mountOptions: atomic },
  [`${core}.Endpoints`]: { subsets: atomic },
  [`${core}.EndpointSubset`]: { addresses: atomic, notReadyAddresses: atomic, ports: atomic },
  [`${core}.LimitRangeSpec`]: { limits: atomic },
  [`${core}.ResourceQuotaSpec`]: { scopes: atomic },
  [`${core}.ReplicationControllerStatus`]: { conditions: byKey('type') },
  'io.k8s.api.apps.v1.DeploymentSpec': { strategy: retainKeys },
  'io.k8s.api.apps.v1.DeploymentStatus': { conditions: byKey('type') },
  'io.k8s.api.apps.v1.ReplicaSetStatus': { conditions: byKey('type') },
  'io.k8s.api.apps.v1.DaemonSetStatus': { conditions: byKey('type') },
  'io.k8s.api.apps.v1.StatefulSetStatus': { conditions: byKey('type') },
  'io.k8s.api.apps.v1.StatefulSetSpec': { volumeClaimTemplates: atomic },
  'io.k8s.api.batch.v1.JobStatus': { conditions: atomicByKey('type') },
  'io.k8s.api.batch.v1.UncountedTerminatedPods': { failed: set, succeeded: set },
  'io.k8s.api.batch.v1.PodFailurePolicy': { rules: atomic },
  'io.k8s.api.batch.v1.PodFailurePolicyRule': { onPodConditions: atomic },
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement': { values: set },
  'io.k8s.api.batch.v1.SuccessPolicy': { rules: atomic },
  'io.k8s.api.batch.v1.CronJobStatus': { active: atomic },
  'io.k8s.api.discovery.v1.EndpointSlice': { endpoints: atomic, ports: atomic },
  'io.k8s.api.discovery.v1.Endpoint': { addresses: set },
  'io.k8s.api.discovery.v1.EndpointHints': { forZones: atomic, forNodes: atomic },
  'io.k8s.api.rbac.v1.ClusterRole': { rules: atomic },
  'io.k8s.api.rbac.v1.Role': { rules: atomic },
  'io.k8s.api.rbac.v1.ClusterRoleBinding': { subjects: atomic },
  'io.k8s.api.rbac.v1.RoleBinding': { subjects: atomic },
  'io.k8s.api.rbac.v1.PolicyRule': {
    apiGroups: atomic,
    resources: atomic,
    verbs: atomic,
    resourceNames: atomic,
    nonResourceURLs: atomic,
  },
  'io.k8s.api.storage.v1.StorageClass': { allowedTopologies: atomic, mountOptions: atomic },
  'io.k8s.api.policy.v1.PodDisruptionBudgetStatus': { conditions: byKey('type') },
  'io.k8s.api.networking.v1.IngressSpec': { rules: atomic, tls: atomic },
  'io.k8s.api.certificates.v1.CertificateSigningRequestStatus': { conditions: mapOnly('type') },
  'io.k8s.api.certificates.v1.CertificateSigningRequestSpec': { groups: atomic, usages: atomic },
  'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration': { webhooks: byKey('name') },
  'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration': { webhooks: byKey('name') },
  'io.k8s.api.admissionregistration.v1.MutatingWebhook': { matchConditions: byKey('name') },
  'io.k8s.api.admissionregistration.v1.ValidatingWebhook': { matchConditions: byKey('name') },
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec': {
    matchConditions: byKey('name'),
    variables: byKey('name'),
  },
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus': { conditions: mapOnly('type') },
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': { validationActions: set },
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec': { matchConditions: byKey('name') },
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus': { conditions: byKey('type') },
  'io.k8s.api.flowcontrol.v1.FlowSchemaStatus': { conditions: byKey('type') },
  'io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationStatus': { conditions: byKey('type') },
  'io.k8s.api.flowcontrol.v1.ResourcePolicyRule': { verbs: set, apiGroups: set, resources: set, namespaces: set },
  'io.k8s.api.flowcontrol.v1.NonResourcePolicyRule': { verbs: set, nonResourceURLs: set },
  'io.k8s.api.networking.v1.ServiceCIDRStatus': { conditions: byKey('type') },
  'io.k8s.api.resource.v1.ResourceClaimStatus': {
    devices: mapOnly('driver', 'device', 'pool', 'shareID'),
    reservedFor: byKey('uid'),
  },
  'io.k8s.api.resource.v1.AllocatedDeviceStatus': { conditions: mapOnly('type') },
  'io.k8s.api.storage.v1.CSIDriverSpec': { volumeLifecycleModes: set },
  'io.k8s.api.storage.v1.CSINodeSpec': { drivers: byKey('name') },
}

/** Types that server-side apply treats as atomic. */
const atomicTypes = [
  `${metaV1}.LabelSelector`,
  `${core}.ConfigMapKeySelector`,
  `${core}.SecretKeySelector`,
  `${core}.ObjectFieldSelector`,
  `${core}.ResourceFieldSelector`,
  `${core}.FileKeySelector`,
  `${core}.NodeSelector`,
  `${core}.NodeSelectorTerm`,
  `${core}.LocalObjectReference`,
  `${core}.ObjectReference`,
  `${core}.SecretReference`,
  `${core}.TypedLocalObjectReference`,
  `${core}.TopologySelectorTerm`,
  `${core}.ScopeSelector`,
  `${core}.EndpointAddress`,
  `${core}.EndpointPort`,
  `${metaV1}.OwnerReference`,
  'io.k8s.api.admissionregistration.v1.MatchResources',
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  'io.k8s.api.admissionregistration.v1.ParamKind',
  'io.k8s.api.admissionregistration.v1.ParamRef',
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  'io.k8s.api.rbac.v1.RoleRef',
  'io.k8s.api.rbac.v1.Subject',
  'io.k8s.api.discovery.v1.EndpointPort',
  'io.k8s.api.networking.v1.ServiceBackendPort',
]
const atomicMaps: Record<string, string[]> = {
  [`${core}.PodSpec`]: ['nodeSelector'],
  [`${core}.ServiceSpec`]: ['selector'],
  [`${core}.ReplicationControllerSpec`]: ['selector'],
  'io.k8s.api.node.v1.Scheduling': ['nodeSelector'],
}

/**
 * Adds the rules to the definitions. @throws when a line of the table names an unknown field, so that typos are found.
 */
export function enrich(definitions: Record<string, Schema>): Record<string, Schema> {
  for (const [name, rules] of Object.entries(fields))
    for (const [field, rule] of Object.entries(rules)) Object.assign(find(definitions, name, field), extensions(rule))
  for (const name of atomicTypes) {
    const definition = definitions[name]
    if (!definition) throw new Error(`no definition ${name}`)
    definition['x-kubernetes-map-type'] = 'atomic'
  }
  for (const [name, names] of Object.entries(atomicMaps))
    for (const field of names) find(definitions, name, field)['x-kubernetes-map-type'] = 'atomic'
  return definitions
}

function find(definitions: Record<string, Schema>, name: string, field: string): Schema {
  const schema = definitions[name]?.properties?.[field]
  if (!schema) throw new Error(`no field ${name}.${field}`)
  return schema
}

function extensions({ merge, strategy, list, keys, map }: Rule): Partial<Schema> {
  return {
    ...(merge ? { 'x-kubernetes-patch-merge-key': merge } : {}),
    ...(strategy ? { 'x-kubernetes-patch-strategy': strategy } : {}),
    ...(list ? { 'x-kubernetes-list-type': list } : {}),
    ...(keys ? { 'x-kubernetes-list-map-keys': keys } : {}),
    ...(map ? { 'x-kubernetes-map-type': map } : {}),
  }
}
