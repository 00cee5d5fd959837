import { jsonEqual } from '#shared/kube/json.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from '../api/admission.ts'

const restrictedLabels = 'node-restriction.kubernetes.io/'

/** A node may touch only itself, its lease, its own pods, and ask for tokens of those alone. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  admit(attributes) {
    const { user, kind, subresource } = attributes
    if (!user.name.startsWith('system:node:') || !user.groups.includes('system:nodes')) return
    const node = user.name.slice('system:node:'.length)
    const rule = rules[`${kind.group}/${kind.plural}${subresource === '' ? '' : `/${subresource}`}`]
    const why = rule?.(attributes, node)
    if (why !== undefined) throw refusal(attributes, why)
  },
}

/** Says why not, or nothing. */
type Rule = (attributes: AdmissionAttributes, node: string) => string | undefined

const rules: Readonly<Record<string, Rule>> = {
  '/pods': restrictPod,
  '/pods/status': restrictPodStatus,
  '/pods/eviction': restrictEviction,
  '/nodes': restrictNode,
  '/nodes/status': restrictNode,
  '/serviceaccounts/token': restrictToken,
  'coordination.k8s.io/leases': restrictLease,
}

function restrictPod({ operation, object, oldObject }: AdmissionAttributes, node: string): string | undefined {
  if (operation === 'DELETE')
    return isOn(oldObject, node) ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`
  if (operation !== 'CREATE') return undefined
  if (object?.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined)
    return `pod does not have "kubernetes.io/config.mirror" annotation, node "${node}" can only create mirror pods`
  return isOn(object, node) ? undefined : `node "${node}" can only create pods with spec.nodeName set to itself`
}

function restrictPodStatus({ object, oldObject }: AdmissionAttributes, node: string): string | undefined {
  if (!isOn(oldObject, node))
    return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`
  return jsonEqual(object?.metadata.labels ?? {}, oldObject?.metadata.labels ?? {})
    ? undefined
    : `node "${node}" cannot update labels through pod status`
}

function restrictEviction({ reader, namespace, name }: AdmissionAttributes, node: string): string | undefined {
  const pod = reader.get({ group: '', plural: 'pods' }, namespace, name)
  return isOn(pod, node) ? undefined : `node "${node}" can only evict pods with spec.nodeName set to itself`
}

function restrictNode(attributes: AdmissionAttributes, node: string): string | undefined {
  const { operation, name, subresource } = attributes
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`
  const next: Node | undefined = attributes.object
  const previous: Node | undefined = attributes.oldObject
  if (
    operation === 'UPDATE' &&
    subresource === '' &&
    !jsonEqual(next?.spec?.taints ?? [], previous?.spec?.taints ?? [])
  )
    return `node "${node}" is not allowed to modify taints`
  const labels = changedLabels(next, previous).filter((label) => label.includes(restrictedLabels))
  return labels.length > 0 ? `is not allowed to modify labels: ${labels.join(', ')}` : undefined
}

function changedLabels(next: KubeObject | undefined, previous: KubeObject | undefined): string[] {
  const after = next?.metadata.labels ?? {}
  const before = previous?.metadata.labels ?? {}
  return [...new Set([...Object.keys(after), ...Object.keys(before)])]
    .filter((key) => after[key] !== before[key])
    .sort()
}

function restrictToken({ object, reader, namespace }: AdmissionAttributes, node: string): string | undefined {
  const reference = (
    object as { spec?: { boundObjectRef?: { kind?: string; name?: string; uid?: string } } } | undefined
  )?.spec?.boundObjectRef
  if (reference?.kind !== 'Pod' || !reference.name) return 'node requested token not bound to a pod'
  if (!reference.uid) return 'node requested token with a pod binding without a uid'
  const pod = reader.get({ group: '', plural: 'pods' }, namespace, reference.name)
  if (!pod || pod.metadata.uid !== reference.uid)
    return `node requested token bound to a pod that is not there: ${reference.name}`
  return isOn(pod, node) ? undefined : 'node requested token bound to a pod scheduled on a different node'
}

function restrictLease({ namespace, name }: AdmissionAttributes, node: string): string | undefined {
  if (namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace'
  return name === node ? undefined : 'can only access node lease with the same name as the requesting node'
}

const isOn = (pod: Pod | undefined, node: string): boolean => pod?.spec?.nodeName === node
