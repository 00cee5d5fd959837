import type { PersistentVolume, Pod } from '#shared/kube/generated/types.ts'
import type { ObjectReader } from '../api/admission.ts'
import { nodeRules } from './default-roles.ts'
import { references } from './pod-references.ts'
import { ruleAllows } from './rules.ts'
import type { AuthorizationAttributes, Decision, ResourceAttributes } from '../api/access.ts'

const allowed: Decision = { allowed: true }
const noOpinion: Decision = { allowed: false }

/** What a node may read only where one of its pods needs it. */
const related = new Set(['secrets', 'configmaps', 'persistentvolumeclaims', 'persistentvolumes'])

/**
 * What every kubelet may do, without a binding: of secrets and the like only what the pods bound to it use. Which nodes,
 * pods and leases it may change is the concern of admission (`admission/node-restriction.ts`).
 */
export function authorizeNode(attributes: AuthorizationAttributes, reader: ObjectReader): Decision {
  const { user } = attributes
  if (!user.name.startsWith('system:node:') || !user.groups.includes('system:nodes')) return noOpinion
  if (!nodeRules.some((rule) => ruleAllows(rule, attributes))) return noOpinion
  if (!attributes.resourceRequest || attributes.group !== '') return allowed
  const node = user.name.slice('system:node:'.length)
  const isToken = attributes.resource === 'serviceaccounts' && attributes.subresource === 'token'
  if (!related.has(attributes.resource) && !isToken) return allowed
  if (attributes.name === '') return { allowed: false, reason: 'No Object name found' }
  if (isRelated(attributes, node, reader)) return allowed
  return { allowed: false, reason: `no relationship found between node '${node}' and this object` }
}

function isRelated({ resource, namespace, name }: ResourceAttributes, node: string, reader: ObjectReader): boolean {
  if (resource === 'persistentvolumes') {
    const volume: PersistentVolume | undefined = reader.get({ group: '', plural: resource }, '', name)
    const claim = volume?.spec?.claimRef
    return podsOf(reader, claim?.namespace ?? '', node).some((pod) =>
      references(pod, 'persistentvolumeclaims', claim?.name ?? ''),
    )
  }
  return podsOf(reader, namespace, node).some((pod) => references(pod, resource, name))
}

const podsOf = (reader: ObjectReader, namespace: string, node: string): Pod[] =>
  namespace === ''
    ? []
    : (reader.list({ group: '', plural: 'pods' }, namespace) as Pod[]).filter(({ spec }) => spec?.nodeName === node)
