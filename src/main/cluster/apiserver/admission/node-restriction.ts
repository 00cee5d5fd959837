import { messageOf } from '#shared/base/message-of.ts'
import type {
  CertificateSigningRequest,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodStatus,
  ResourceSlice,
  Volume,
} from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { isMirrorPod, mirrorAnnotation } from '#shared/kube/pod.ts'
import {
  csiDrivers,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  serviceAccounts,
} from '#shared/kube/resources.ts'
import { notFound } from '#shared/kube/status.ts'
import { readCertificateRequest } from '../auth/certificate-requests.ts'
import { nodeIdentity } from '../auth/node-identity.ts'
import { ephemeralClaimName, referenceOf } from '../auth/pod-references.ts'
import type { Authorizer } from '../api/access.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

/**
 * NodeRestriction of Kubernetes: a node's credentials may write only the node's own objects. The node authorizer limits
 * reads (`auth/node-authorizer.ts`).
 */
export const nodeRestriction = ({ authorizer }: { authorizer: Authorizer }): AdmissionPlugin => ({
  name: 'NodeRestriction',
  async admit(attributes) {
    const node = nodeIdentity(attributes.user)
    if (node === undefined || attributes.operation === 'CONNECT') return
    if (node === '') throw refusal(attributes, `could not determine node from user "${attributes.user.name}"`)
    const rule = rules[`${attributes.kind.group}/${attributes.kind.plural}`]
    const why = await rule?.({ ...attributes, node, authorizer })
    if (why !== undefined) throw refusal(attributes, why)
  },
})

interface NodeWrite extends AdmissionAttributes {
  node: string
  authorizer: Authorizer
}

/** The reason to refuse a write; undefined when it is allowed. */
type Refusal = string | undefined
type Rule = (write: NodeWrite) => Refusal | Promise<Refusal>

const rules: Readonly<Record<string, Rule>> = {
  '/pods': restrictPods,
  '/nodes': restrictNode,
  '/persistentvolumeclaims': restrictClaim,
  '/serviceaccounts': restrictToken,
  'certificates.k8s.io/certificatesigningrequests': restrictCertificateRequest,
  'certificates.k8s.io/podcertificaterequests': restrictPodCertificateRequest,
  'coordination.k8s.io/leases': restrictLease,
  'resource.k8s.io/resourceslices': restrictResourceSlice,
  'storage.k8s.io/csinodes': restrictCsiNode,
}

function restrictPods(write: NodeWrite): Refusal {
  switch (write.subresource) {
    case '':
      return restrictPod(write)
    case 'status':
      return restrictPodStatus(write)
    case 'eviction':
      return restrictEviction(write)
    default:
      return `unexpected pod subresource "${write.subresource}", only 'status' and 'eviction' are allowed`
  }
}

function restrictPod(write: NodeWrite): Refusal {
  const { operation, oldObject, node } = write
  switch (operation) {
    case 'CREATE':
      return mirrorPodRefusal(write)
    case 'DELETE':
      return isOn(oldObject, node) ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`
    default:
      return `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`
  }
}

/** A node creates mirror pods only, and they must not refer to other objects of the cluster. */
function mirrorPodRefusal({ object, node, reader }: NodeWrite): Refusal {
  const pod = object as Pod
  if (!isMirrorPod(pod))
    return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`
  if (!isOn(pod, node)) return `node "${node}" can only create pods with spec.nodeName set to itself`
  const [owner, ...others] = pod.metadata.ownerReferences ?? []
  if (others.length > 0) return `node "${node}" can only create pods with a single owner reference set to itself`
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `node "${node}" can only create pods with an owner reference set to itself`
  if (owner.controller !== true)
    return `node "${node}" can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion === true) return `node "${node}" must not set blockOwnerDeletion on an owner reference`
  const uid = requireNode(reader, node).metadata.uid
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`
  const what = referenceOf(pod)
  return what === undefined ? undefined : `node "${node}" can not create pods that reference ${what}`
}

function restrictPodStatus({ operation, object, oldObject, node }: NodeWrite): Refusal {
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`
  const next = object as Pod
  const previous = oldObject as Pod
  if (!isOn(previous, node))
    return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`
  if (!jsonEqual(next.metadata.labels ?? {}, previous.metadata.labels ?? {}))
    return `node "${node}" cannot update labels through pod status`
  if (!jsonEqual(claimsOf(next.status), claimsOf(previous.status)))
    return `node "${node}" cannot update resource claim statues`
  return jsonEqual(next.status?.extendedResourceClaimStatus, previous.status?.extendedResourceClaimStatus)
    ? undefined
    : `node "${node}" cannot update extended resource claim statues`
}

const claimsOf = (status: PodStatus | undefined): unknown =>
  (status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => ({ name, resourceClaimName }))

function restrictEviction({ operation, reader, namespace, name, node }: NodeWrite): Refusal {
  if (operation !== 'CREATE') return `unexpected operation ${operation}`
  const pod = reader.get(pods, namespace, name)
  if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
  return isOn(pod, node) ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`
}

function restrictNode({ operation, object, oldObject, name, node }: NodeWrite): Refusal {
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`
  if (operation === 'CREATE') return newNodeRefusal(object as Node, node)
  return operation === 'UPDATE' ? changedNodeRefusal(object as Node, oldObject as Node, node) : undefined
}

function newNodeRefusal(next: Node, node: string): Refusal {
  if (next.spec?.configSource) return `node "${node}" is not allowed to create pods with a non-nil configSource`
  if (next.metadata.ownerReferences?.length) return `node "${node}" is not allowed to set ownerReferences`
  if (hasAddressRange(next)) return `node "${node}" is not allowed to set podCIDRs`
  const labels = forbiddenLabels(changedLabels(next, undefined))
  return labels.length > 0
    ? `node "${node}" is not allowed to set the following labels: ${labels.join(', ')}`
    : undefined
}

function changedNodeRefusal(next: Node, previous: Node, node: string): Refusal {
  const source = next.spec?.configSource
  if (source && !jsonEqual(source, previous.spec?.configSource))
    return `node "${node}" is not allowed to update configSource to a new non-nil configSource`
  if (!jsonEqual(next.spec?.taints ?? [], previous.spec?.taints ?? []))
    return `node "${node}" is not allowed to modify taints`
  // A forged owner would have the garbage collector delete the Node, and with it its pods (CVE-2025-5187).
  if (!jsonEqual(next.metadata.ownerReferences ?? [], previous.metadata.ownerReferences ?? []))
    return `node "${node}" is not allowed to modify ownerReferences`
  // The control plane assigns pod ranges; every other node routes a range to the node that holds it.
  if (
    next.spec?.podCIDR !== previous.spec?.podCIDR ||
    !jsonEqual(next.spec?.podCIDRs ?? [], previous.spec?.podCIDRs ?? [])
  )
    return `node "${node}" is not allowed to modify podCIDRs`
  const labels = forbiddenLabels(changedLabels(next, previous))
  return labels.length > 0 ? `is not allowed to modify labels: ${labels.join(', ')}` : undefined
}

const hasAddressRange = ({ spec }: Node): boolean => Boolean(spec?.podCIDR) || (spec?.podCIDRs?.length ?? 0) > 0

function changedLabels(next: KubeObject, previous: KubeObject | undefined): string[] {
  const after = next.metadata.labels ?? {}
  const before = previous?.metadata.labels ?? {}
  return [...new Set([...Object.keys(after), ...Object.keys(before)])]
    .filter((key) => after[key] !== before[key])
    .sort()
}

/**
 * Labels that a kubelet may not set: those reserved for administrators, and Kubernetes' own outside the kubelet's list.
 */
const forbiddenLabels = (labels: readonly string[]): string[] =>
  labels.filter((label) => {
    const domain = domainOf(label)
    if (isWithin(domain, 'node-restriction.kubernetes.io')) return true
    return (isWithin(domain, 'kubernetes.io') || isWithin(domain, 'k8s.io')) && !isKubeletLabel(label)
  })

const domainOf = (label: string): string => label.slice(0, Math.max(0, label.indexOf('/')))
const isWithin = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`)

/** k8s.io/kubelet/pkg/apis: well_known_labels.go */
const kubeletLabels = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])

const isKubeletLabel = (label: string): boolean =>
  kubeletLabels.has(label) ||
  ['kubelet.kubernetes.io', 'node.kubernetes.io'].some((domain) => isWithin(domainOf(label), domain))

function restrictClaim({ subresource, operation, object, oldObject, node }: NodeWrite): Refusal {
  if (subresource !== 'status') return 'may only update PVC status'
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`
  return jsonEqual(
    withoutCapacity(object as PersistentVolumeClaim),
    withoutCapacity(oldObject as PersistentVolumeClaim),
  )
    ? undefined
    : `node "${node}" is not allowed to update fields other than status.quantity and status.conditions`
}

/** A claim without the status fields that a node writes when its volume is expanded. */
function withoutCapacity({ metadata, status = {}, ...rest }: PersistentVolumeClaim): unknown {
  const { resourceVersion: _version, managedFields: _fields, ...kept } = metadata
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _allocated,
    allocatedResourceStatuses: _statuses,
    ...other
  } = status
  return { ...rest, metadata: kept, status: other }
}

interface TokenSpec {
  audiences?: string[] | null
  boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null
}

async function restrictToken(write: NodeWrite): Promise<Refusal> {
  const { operation, subresource, object, reader, namespace, node } = write
  if (operation !== 'CREATE' || subresource !== 'token') return undefined
  const spec: TokenSpec = (object as { spec?: TokenSpec } | undefined)?.spec ?? {}
  const { apiVersion, kind, name = '', uid = '' } = spec.boundObjectRef ?? {}
  if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') return 'node requested token not bound to a pod'
  if (uid === '') return 'node requested token with a pod binding without a uid'
  const pod = reader.get(pods, namespace, name)
  if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
  if (pod.metadata.uid !== uid)
    return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
  if (!isOn(pod, node)) return 'node requested token bound to a pod scheduled on a different node'
  // The node creates mirror pods itself: they do not entitle it to a service account's token.
  if (isMirrorPod(pod)) return 'node requested token bound to a mirror pod'
  return audienceRefusal(write, spec.audiences ?? [], pod)
}

/** ServiceAccountNodeAudienceRestriction: only audiences that the pod's volumes name or that a role grants. */
async function audienceRefusal(write: NodeWrite, audiences: readonly string[], pod: Stored<Pod>): Promise<Refusal> {
  const { authorizer, user, namespace, name } = write
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const audience = audiences[0] ?? ''
  if (pod.spec?.volumes?.some((volume) => volumeNames(write, pod, volume, audience))) return undefined
  const { allowed } = await authorizer.authorize({
    user,
    resourceRequest: true,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace,
    name,
  })
  return allowed
    ? undefined
    : `audience "${audience}" not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`
}

function volumeNames(write: NodeWrite, pod: Stored<Pod>, volume: Volume, audience: string): boolean {
  const sources = volume.projected?.sources ?? []
  if (sources.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true
  const driver = driverOf(write, pod, volume)
  if (!driver) return false
  const found = write.reader.get(csiDrivers, '', driver)
  return found?.spec.tokenRequests?.some((request) => request.audience === audience) ?? false
}

/** The CSI driver of a volume, inline or of its claim's persistent volume. */
function driverOf({ reader, namespace }: NodeWrite, pod: Stored<Pod>, volume: Volume): string | undefined {
  if (volume.csi) return volume.csi.driver
  const name = volume.ephemeral
    ? ephemeralClaimName(pod.metadata.name, volume.name)
    : volume.persistentVolumeClaim?.claimName
  if (name === undefined) return undefined
  const claim = reader.get(persistentVolumeClaims, namespace, name)
  const bound = claim?.spec?.volumeName ?? ''
  const found = reader.get(persistentVolumes, '', bound)
  return found?.spec?.csi?.driver
}

const nodeSigners = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'])

async function restrictCertificateRequest({ operation, object, node }: NodeWrite): Promise<Refusal> {
  if (operation !== 'CREATE') return undefined
  const { signerName, request } = (object as CertificateSigningRequest).spec
  if (!nodeSigners.has(signerName)) return undefined
  let name: string
  try {
    name = (await readCertificateRequest(Buffer.from(request, 'base64').toString())).name
  } catch (error) {
    return `unable to parse csr: ${messageOf(error)}`
  }
  return name === `system:node:${node}` ? undefined : `can only create a node CSR with CN=system:node:${node}`
}

interface PodCertificateSpec {
  nodeName?: string
  nodeUID?: string
  podName?: string
  podUID?: string
  serviceAccountName?: string
  serviceAccountUID?: string
}

function restrictPodCertificateRequest(write: NodeWrite): Refusal {
  const { operation, subresource, object, reader, namespace, node } = write
  if (operation !== 'CREATE') return `unexpected operation ${operation}`
  if (subresource !== '') return `unexpected subresource ${subresource}`
  const spec: PodCertificateSpec = (object as { spec?: PodCertificateSpec } | undefined)?.spec ?? {}
  const { nodeName = '', podName = '', serviceAccountName = '' } = spec
  if (nodeName !== node)
    return `PodCertificateRequest.Spec.NodeName="${nodeName}", which is not the requesting node "${node}"`
  const pod = reader.get(pods, namespace, podName)
  const account = reader.get(serviceAccounts, namespace, serviceAccountName)
  const where = `pod "${namespace}/${podName}"`
  if (!pod || pod.metadata.uid !== spec.podUID || requireNode(reader, node).metadata.uid !== spec.nodeUID)
    return `${where} or its node is not the one named in the PodCertificateRequest`
  if (!isOn(pod, node)) return `${where} is not running on node "${nodeName}" named in the PodCertificateRequest`
  if (isMirrorPod(pod)) return `${where} is a mirror pod`
  if (pod.spec?.serviceAccountName !== serviceAccountName || account?.metadata.uid !== spec.serviceAccountUID)
    return `PodCertificateRequest for ${where} contains serviceAccountName ("${serviceAccountName}") that differs from running pod`
  return undefined
}

function restrictLease({ namespace, name, node }: NodeWrite): Refusal {
  if (namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace'
  return name === node ? undefined : 'can only access node lease with the same name as the requesting node'
}

function restrictCsiNode({ name, node }: NodeWrite): Refusal {
  return name === node ? undefined : 'can only access CSINode with the same name as the requesting node'
}

function restrictResourceSlice({ operation, object, oldObject, node }: NodeWrite): Refusal {
  const ownerOf = (slice: unknown): string | undefined => (slice as ResourceSlice | undefined)?.spec.nodeName
  if (operation === 'CREATE' && ownerOf(object) !== node)
    return 'can only create ResourceSlice with the same NodeName as the requesting node'
  if (operation === 'DELETE' && ownerOf(oldObject) !== node)
    return 'can only delete ResourceSlice with the same NodeName as the requesting node'
  return undefined
}

/** @throws ApiError 404 */
function requireNode(reader: AdmissionAttributes['reader'], name: string): Stored<Node> {
  const found = reader.get(nodes, '', name)
  if (!found) throw notFound({ group: '', resource: 'nodes' }, name)
  return found
}

const isOn = (pod: Pod | undefined, node: string): boolean => pod?.spec?.nodeName === node
