import type { PersistentVolume } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { isMirrorPod } from '#shared/kube/pod.ts'
import { persistentVolumes, pods, resourceSlices, volumeAttachments } from '#shared/kube/resources.ts'
import { ruleAllows } from '#shared/kube/policy-rules.ts'
import type { ObjectReader, ResourceKey } from '../api/reader.ts'
import { nodeRules } from './default-roles.ts'
import { nodeIdentity } from './node-identity.ts'
import { referencesOf, type PodReferences } from './pod-references.ts'
import type { AuthorizationAttributes, Decision, ResourceAttributes } from '../api/access.ts'

/**
 * The requests that a kubelet may make without a binding (plugin/pkg/auth/authorizer/node of Kubernetes): read its own
 * Node, its own pods and the objects they refer to; write its Node, Lease, CSINode and ResourceSlices. Where ownership
 * follows from the content of a write alone, admission decides (`admission/node-restriction.ts`).
 */
export function authorizeNode(attributes: AuthorizationAttributes, reader: ObjectReader): Decision {
  const node = nodeIdentity(attributes.user)
  if (node === undefined) return noOpinion
  if (node === '') return no(`unknown node for user "${attributes.user.name}"`)
  const rule = attributes.resourceRequest ? rules[`${attributes.group}/${attributes.resource}`] : undefined
  if (rule && attributes.resourceRequest) return rule({ ...attributes, node, reader })
  return nodeRules.some((one) => ruleAllows(one, attributes)) ? allowed : noOpinion
}

const allowed: Decision = { allowed: true }
const noOpinion: Decision = { allowed: false }
const no = (reason: string): Decision => ({ allowed: false, reason })

interface NodeRequest extends ResourceAttributes {
  node: string
  reader: ObjectReader
}

type Rule = (request: NodeRequest) => Decision

const rules: Readonly<Record<string, Rule>> = {
  '/secrets': readNamespaced,
  '/configmaps': readNamespaced,
  '/persistentvolumeclaims': (request) => (request.subresource === 'status' ? writeStatus(request) : getOne(request)),
  '/persistentvolumes': getOne,
  'resource.k8s.io/resourceclaims': getOne,
  'storage.k8s.io/volumeattachments': getOne,
  '/serviceaccounts': authorizeServiceAccount,
  'coordination.k8s.io/leases': authorizeLease,
  'storage.k8s.io/csinodes': authorizeCsiNode,
  'resource.k8s.io/resourceslices': authorizeResourceSlice,
  'certificates.k8s.io/podcertificaterequests': authorizePodCertificateRequest,
  '/nodes': authorizeOwnNode,
  '/pods': authorizePod,
}

function readNamespaced(request: NodeRequest): Decision {
  const { verb, subresource, namespace } = request
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return no('can only read resources of this type')
  if (subresource !== '') return no('cannot read subresource')
  if (namespace === '') return no('can only read namespaced object of this type')
  return related(request)
}

function getOne(request: NodeRequest): Decision {
  if (request.verb !== 'get') return no('can only get individual resources of this type')
  if (request.subresource !== '') return no('cannot get subresource')
  return related(request)
}

function writeStatus(request: NodeRequest): Decision {
  return request.verb === 'update' || request.verb === 'patch'
    ? related(request)
    : no('can only get/update/patch this type')
}

function authorizeServiceAccount(request: NodeRequest): Decision {
  const { verb, name, subresource } = request
  if (verb === 'get' && subresource === '') return related(request)
  if (verb !== 'create' || name === '') return no('can only create tokens for individual service accounts')
  if (subresource !== 'token') return no('can only create token subresource of serviceaccount')
  return related(request)
}

const ownVerbs = new Set(['get', 'create', 'update', 'patch', 'delete'])

function authorizeLease({ verb, namespace, name, node, subresource }: NodeRequest): Decision {
  if (!ownVerbs.has(verb)) return no('can only get, create, update, patch, or delete a node lease')
  if (subresource !== '') return noOpinion
  if (namespace !== 'kube-node-lease') return no('can only access leases in the "kube-node-lease" system namespace')
  // The name of a new object is in its body; NodeRestriction checks it.
  if (verb !== 'create' && name !== node)
    return no('can only access node lease with the same name as the requesting node')
  return allowed
}

function authorizeCsiNode({ verb, subresource, name, node }: NodeRequest): Decision {
  if (!ownVerbs.has(verb)) return no('can only get, create, update, patch, or delete a CSINode')
  if (subresource !== '') return no('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== node) return no('can only access CSINode with the same name as the requesting node')
  return allowed
}

function authorizeResourceSlice(request: NodeRequest): Decision {
  if (request.subresource !== '') return no('cannot authorize ResourceSlice subresources')
  switch (request.verb) {
    case 'create':
      return allowed
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related(request)
    case 'watch':
    case 'list':
    case 'deletecollection':
      return selects(request, 'spec.nodeName')
        ? allowed
        : no('can only list/watch/deletecollection resourceslices with nodeName field selector')
    default:
      return no(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      )
  }
}

function authorizePodCertificateRequest(request: NodeRequest): Decision {
  if (request.subresource !== '') return no('cannot authorize PodCertificateRequest subresources')
  switch (request.verb) {
    case 'create':
      return allowed
    case 'get':
      return related(request)
    case 'list':
    case 'watch':
      return selects(request, 'spec.nodeName')
        ? allowed
        : no('can only list/watch podcertificaterequests with spec.nodeName field selector')
    default:
      return no('only the following verbs are allowed for a PodCertificateRequest: create, get, list, watch')
  }
}

function authorizeOwnNode({ verb, subresource, name, node }: NodeRequest): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : noOpinion
  if (subresource !== '') return noOpinion
  switch (verb) {
    case 'create':
    case 'update':
    case 'patch':
      return allowed
    case 'get':
    case 'list':
    case 'watch':
      // Allowed by name: a kubelet reads its Node before it has created it.
      if (name === node) return allowed
      return no(
        name === ''
          ? `node '${node}' cannot read all nodes, only its own Node object`
          : `node '${node}' cannot read '${name}', only its own Node object`,
      )
    default:
      return noOpinion
  }
}

function authorizePod(request: NodeRequest): Decision {
  const { verb, subresource, name } = request
  switch (subresource) {
    case '':
      if (verb === 'get') return getOne(request)
      if (verb === 'create' || verb === 'delete') return allowed
      if (verb !== 'list' && verb !== 'watch') return noOpinion
      if (selects(request, 'spec.nodeName')) return allowed
      return name === '' ? no('can only list/watch pods with spec.nodeName field selector') : related(request)
    case 'status':
      return verb === 'update' || verb === 'patch' ? allowed : noOpinion
    case 'eviction':
      return verb === 'create' ? allowed : noOpinion
    default:
      return noOpinion
  }
}

/** Whether the field selector of a list or watch matches the node's own objects only. */
const selects = ({ fieldSelector = [], node }: NodeRequest, field: string): boolean =>
  fieldSelector.some((requirement) => requirement.field === field && !requirement.negated && requirement.value === node)

function related(request: NodeRequest): Decision {
  if (request.name === '') return no('No Object name found')
  const test = relations[request.resource]
  return test?.(request) ? allowed : no(`no relationship found between node '${request.node}' and this object`)
}

const podCertificateRequests: ResourceKey<KubeObject & { spec?: { nodeName?: string } }> = {
  group: 'certificates.k8s.io',
  plural: 'podcertificaterequests',
}

/** Whether an object belongs to the node or is used by one of its pods. */
const relations: Readonly<Record<string, (request: NodeRequest) => boolean>> = {
  secrets: (request) =>
    usedByPods(request, request.namespace, ({ secrets }) => secrets.has(request.name)) || isSecretOfVolume(request),
  configmaps: (request) => usedByPods(request, request.namespace, ({ configMaps }) => configMaps.has(request.name)),
  serviceaccounts: (request) =>
    usedByPods(request, request.namespace, ({ serviceAccounts }) => serviceAccounts.has(request.name)),
  persistentvolumeclaims: (request) => usesClaim(request, request.namespace, request.name),
  resourceclaims: (request) =>
    usedByPods(request, request.namespace, ({ resourceClaims }) => resourceClaims.has(request.name)),
  persistentvolumes({ reader, name, ...request }) {
    const volume = reader.get(persistentVolumes, '', name)
    return volume !== undefined && usesVolume({ ...request, reader, name }, volume)
  },
  volumeattachments({ reader, name, node }) {
    return reader.get(volumeAttachments, '', name)?.spec.nodeName === node
  },
  resourceslices({ reader, name, node }) {
    return reader.get(resourceSlices, '', name)?.spec.nodeName === node
  },
  podcertificaterequests({ reader, namespace, name, node }) {
    return reader.get(podCertificateRequests, namespace, name)?.spec?.nodeName === node
  },
  pods({ reader, namespace, name, node }) {
    return reader.get(pods, namespace, name)?.spec?.nodeName === node
  },
}

/** Excludes mirror pods: the node creates them itself, so their references must not grant it access. */
function usedByPods(
  { reader, node }: NodeRequest,
  namespace: string,
  uses: (references: PodReferences) => boolean,
): boolean {
  if (namespace === '') return false
  return reader
    .list(pods, namespace)
    .some((pod) => pod.spec?.nodeName === node && !isMirrorPod(pod) && uses(referencesOf(pod)))
}

const usesClaim = (request: NodeRequest, namespace: string, claim: string): boolean =>
  usedByPods(request, namespace, ({ persistentVolumeClaims }) => persistentVolumeClaims.has(claim))

function usesVolume(request: NodeRequest, { spec }: PersistentVolume): boolean {
  const { namespace = '', name = '' } = spec?.claimRef ?? {}
  return name !== '' && usesClaim(request, namespace, name)
}

/** Secrets that a volume's driver needs on the node (GetPVSecretNames of Kubernetes). */
function isSecretOfVolume(request: NodeRequest): boolean {
  return request.reader
    .list(persistentVolumes)
    .some(
      (volume) =>
        secretsOf(volume).some(({ name, namespace }) => name === request.name && namespace === request.namespace) &&
        usesVolume(request, volume),
    )
}

function secretsOf({ spec }: PersistentVolume): { name: string; namespace: string }[] {
  if (!spec) return []
  const own = spec.claimRef?.namespace ?? ''
  const { azureFile, csi } = spec
  const references: ({ name?: string; namespace?: string } | undefined)[] = [
    ...[spec.cephfs, spec.cinder, spec.flexVolume, spec.rbd, spec.scaleIO, spec.iscsi, spec.storageos].map(
      (source) => source?.secretRef,
    ),
    ...(azureFile ? [{ name: azureFile.secretName, namespace: azureFile.secretNamespace ?? own }] : []),
    csi?.controllerExpandSecretRef,
    csi?.controllerPublishSecretRef,
    csi?.nodeExpandSecretRef,
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
  ]
  return references.flatMap((reference) =>
    reference?.name ? [{ name: reference.name, namespace: reference.namespace || own }] : [],
  )
}
