import type { KubeObject } from './object.ts'
import type {
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  DaemonSet,
  Deployment,
  Endpoints,
  EndpointSlice,
  Event,
  FlowSchema,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  IPAddress,
  Job,
  Lease,
  APIService,
  CustomResourceDefinition,
  LimitRange,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  PriorityClass,
  PriorityLevelConfiguration,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  DeviceClass,
  ResourceClaimTemplate,
  ResourceResourceClaim,
  ResourceSlice,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  ServiceCIDR,
  StatefulSet,
  StorageClass,
  SubjectAccessReview,
  TokenReview,
  VolumeAttachment,
  VolumeAttributesClass,
} from './generated/types.ts'

/** Identifies a served resource, for a typed client to build paths. `T` is its object type. */
export interface Resource<T extends KubeObject = KubeObject> {
  group: string
  version: string
  /** Plural, lower case: `pods`. */
  plural: string
  kind: string
  namespaced: boolean
  /** Only carries the type. */
  readonly example?: T
}

const resource =
  (group: string, version: string, namespaced: boolean) =>
  <T extends KubeObject>(kind: string, plural: string): Resource<T> => ({ group, version, plural, kind, namespaced })

const core = resource('', 'v1', true)
const coreCluster = resource('', 'v1', false)
const apps = resource('apps', 'v1', true)
const batch = resource('batch', 'v1', true)
const rbac = resource('rbac.authorization.k8s.io', 'v1', true)
const rbacCluster = resource('rbac.authorization.k8s.io', 'v1', false)
const storage = resource('storage.k8s.io', 'v1', false)
const networking = resource('networking.k8s.io', 'v1', true)

export const pods = core<Pod>('Pod', 'pods')
export const services = core<Service>('Service', 'services')
export const endpoints = core<Endpoints>('Endpoints', 'endpoints')
export const configMaps = core<ConfigMap>('ConfigMap', 'configmaps')
export const secrets = core<Secret>('Secret', 'secrets')
export const serviceAccounts = core<ServiceAccount>('ServiceAccount', 'serviceaccounts')
export const events = core<Event>('Event', 'events')
export const persistentVolumeClaims = core<PersistentVolumeClaim>('PersistentVolumeClaim', 'persistentvolumeclaims')
export const podTemplates = core<PodTemplate>('PodTemplate', 'podtemplates')
export const replicationControllers = core<ReplicationController>('ReplicationController', 'replicationcontrollers')
export const limitRanges = core<LimitRange>('LimitRange', 'limitranges')
export const resourceQuotas = core<ResourceQuota>('ResourceQuota', 'resourcequotas')
export const namespaces = coreCluster<Namespace>('Namespace', 'namespaces')
export const nodes = coreCluster<Node>('Node', 'nodes')
export const persistentVolumes = coreCluster<PersistentVolume>('PersistentVolume', 'persistentvolumes')

export const deployments = apps<Deployment>('Deployment', 'deployments')
export const replicaSets = apps<ReplicaSet>('ReplicaSet', 'replicasets')
export const daemonSets = apps<DaemonSet>('DaemonSet', 'daemonsets')
export const statefulSets = apps<StatefulSet>('StatefulSet', 'statefulsets')
export const controllerRevisions = apps<ControllerRevision>('ControllerRevision', 'controllerrevisions')

export const horizontalPodAutoscalers = resource(
  'autoscaling',
  'v2',
  true,
)<HorizontalPodAutoscaler>('HorizontalPodAutoscaler', 'horizontalpodautoscalers')
export const jobs = batch<Job>('Job', 'jobs')
export const cronJobs = batch<CronJob>('CronJob', 'cronjobs')

export const roles = rbac<Role>('Role', 'roles')
export const roleBindings = rbac<RoleBinding>('RoleBinding', 'rolebindings')
export const clusterRoles = rbacCluster<ClusterRole>('ClusterRole', 'clusterroles')
export const clusterRoleBindings = rbacCluster<ClusterRoleBinding>('ClusterRoleBinding', 'clusterrolebindings')

export const storageClasses = storage<StorageClass>('StorageClass', 'storageclasses')
export const csiDrivers = storage<CSIDriver>('CSIDriver', 'csidrivers')
export const csiNodes = storage<CSINode>('CSINode', 'csinodes')
export const csiStorageCapacities = resource(
  'storage.k8s.io',
  'v1',
  true,
)<CSIStorageCapacity>('CSIStorageCapacity', 'csistoragecapacities')
export const volumeAttachments = storage<VolumeAttachment>('VolumeAttachment', 'volumeattachments')
export const ingresses = networking<Ingress>('Ingress', 'ingresses')
export const networkPolicies = networking<NetworkPolicy>('NetworkPolicy', 'networkpolicies')

export const endpointSlices = resource('discovery.k8s.io', 'v1', true)<EndpointSlice>('EndpointSlice', 'endpointslices')
export const leases = resource('coordination.k8s.io', 'v1', true)<Lease>('Lease', 'leases')
export const priorityClasses = resource(
  'scheduling.k8s.io',
  'v1',
  false,
)<PriorityClass>('PriorityClass', 'priorityclasses')
export const runtimeClasses = resource('node.k8s.io', 'v1', false)<RuntimeClass>('RuntimeClass', 'runtimeclasses')
export const podDisruptionBudgets = resource(
  'policy',
  'v1',
  true,
)<PodDisruptionBudget>('PodDisruptionBudget', 'poddisruptionbudgets')

const admission = resource('admissionregistration.k8s.io', 'v1', false)
export const mutatingWebhookConfigurations = admission<MutatingWebhookConfiguration>(
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
)
export const validatingWebhookConfigurations = admission<ValidatingWebhookConfiguration>(
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
)
export const validatingAdmissionPolicies = admission<ValidatingAdmissionPolicy>(
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
)
export const validatingAdmissionPolicyBindings = admission<ValidatingAdmissionPolicyBinding>(
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
)
export const mutatingAdmissionPolicies = admission<MutatingAdmissionPolicy>(
  'MutatingAdmissionPolicy',
  'mutatingadmissionpolicies',
)
export const mutatingAdmissionPolicyBindings = admission<MutatingAdmissionPolicyBinding>(
  'MutatingAdmissionPolicyBinding',
  'mutatingadmissionpolicybindings',
)
export const apiServices = resource('apiregistration.k8s.io', 'v1', false)<APIService>('APIService', 'apiservices')
export const customResourceDefinitions = resource(
  'apiextensions.k8s.io',
  'v1',
  false,
)<CustomResourceDefinition>('CustomResourceDefinition', 'customresourcedefinitions')

export const certificateSigningRequests = resource(
  'certificates.k8s.io',
  'v1',
  false,
)<CertificateSigningRequest>('CertificateSigningRequest', 'certificatesigningrequests')
export const ingressClasses = resource('networking.k8s.io', 'v1', false)<IngressClass>('IngressClass', 'ingressclasses')
export const deviceClasses = resource('resource.k8s.io', 'v1', false)<DeviceClass>('DeviceClass', 'deviceclasses')
export const resourceClaims = resource(
  'resource.k8s.io',
  'v1',
  true,
)<ResourceResourceClaim>('ResourceClaim', 'resourceclaims')
export const resourceClaimTemplates = resource(
  'resource.k8s.io',
  'v1',
  true,
)<ResourceClaimTemplate>('ResourceClaimTemplate', 'resourceclaimtemplates')
export const resourceSlices = resource('resource.k8s.io', 'v1', false)<ResourceSlice>('ResourceSlice', 'resourceslices')
export const volumeAttributesClasses = storage<VolumeAttributesClass>(
  'VolumeAttributesClass',
  'volumeattributesclasses',
)
export const ipAddresses = resource('networking.k8s.io', 'v1', false)<IPAddress>('IPAddress', 'ipaddresses')
export const serviceCidrs = resource('networking.k8s.io', 'v1', false)<ServiceCIDR>('ServiceCIDR', 'servicecidrs')

const flowControl = resource('flowcontrol.apiserver.k8s.io', 'v1', false)
export const flowSchemas = flowControl<FlowSchema>('FlowSchema', 'flowschemas')
export const priorityLevelConfigurations = flowControl<PriorityLevelConfiguration>(
  'PriorityLevelConfiguration',
  'prioritylevelconfigurations',
)

export const tokenReviews = resource('authentication.k8s.io', 'v1', false)<TokenReview>('TokenReview', 'tokenreviews')
export const subjectAccessReviews = resource(
  'authorization.k8s.io',
  'v1',
  false,
)<SubjectAccessReview>('SubjectAccessReview', 'subjectaccessreviews')
