import type { LabelSelector, RuleWithOperations } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { namespaces } from '#shared/kube/resources.ts'
import { labelRequirements, matchesLabels } from '#shared/kube/selectors.ts'
import type { AdmissionAttributes } from '../api/admission.ts'

/** Matches requests against a webhook or policy (admissionregistration/v1 `RuleWithOperations` and selectors). */
export interface RequestMatch {
  rules?: readonly RuleWithOperations[]
  namespaceSelector?: LabelSelector
  objectSelector?: LabelSelector
  matchPolicy?: string
}

/** Whether the rules match the request; with matchPolicy `Equivalent`, in any version of the resource. */
export function matchesRequest(match: RequestMatch, attributes: AdmissionAttributes): boolean {
  if (isExempt(attributes)) return false
  const anyVersion = match.matchPolicy !== 'Exact'
  if (!match.rules?.some((rule) => matchesRule(rule, attributes, anyVersion))) return false
  return matchesNamespace(match.namespaceSelector, attributes) && matchesObject(match.objectSelector, attributes)
}

/** Admission configuration is exempt from itself: a mistake could not be repaired otherwise. */
const configurations = new Set([
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
])

const isExempt = ({ kind }: AdmissionAttributes): boolean =>
  kind.group === 'admissionregistration.k8s.io' && configurations.has(kind.plural)

/** @param anyVersion whether other versions of the same resource match too. */
export function matchesRule(rule: RuleWithOperations, attributes: AdmissionAttributes, anyVersion: boolean): boolean {
  const { kind, operation, subresource, namespace } = attributes
  const has = (values: readonly string[] | undefined, value: string): boolean =>
    values !== undefined && (values.includes('*') || values.includes(value))
  if (!has(rule.operations, operation) || !has(rule.apiGroups, kind.group)) return false
  if (!anyVersion && !has(rule.apiVersions, kind.version)) return false
  // A Namespace is cluster-scoped, though the request attributes carry its own name as the namespace.
  const inNamespace = kind.namespaced && namespace !== ''
  if (rule.scope === 'Namespaced' && !inNamespace) return false
  if (rule.scope === 'Cluster' && inNamespace) return false
  return (rule.resources ?? []).some((resource) => matchesResource(resource, kind.plural, subresource))
}

function matchesResource(pattern: string, plural: string, subresource: string): boolean {
  const [resource = '', sub = ''] = pattern.split('/')
  return (resource === '*' || resource === plural) && (sub === '*' || sub === subresource)
}

function matchesNamespace(selector: LabelSelector | undefined, attributes: AdmissionAttributes): boolean {
  const requirements = labelRequirements(selector) ?? []
  if (requirements.length === 0) return true
  const { kind, namespace, object, oldObject, operation, reader } = attributes
  if (kind.group === '' && kind.plural === 'namespaces') {
    const own = operation === 'DELETE' ? oldObject : object
    return matchesLabels(requirements, own?.metadata.labels)
  }
  if (!kind.namespaced) return true
  const found = reader.get(namespaces, '', namespace)
  return matchesLabels(requirements, found?.metadata.labels)
}

/** A selector matches when the old or the new object matches. */
function matchesObject(selector: LabelSelector | undefined, { object, oldObject }: AdmissionAttributes): boolean {
  const requirements = labelRequirements(selector) ?? []
  if (requirements.length === 0) return true
  const matches = (one: KubeObject | undefined): boolean =>
    one?.metadata !== undefined && matchesLabels(requirements, one.metadata.labels)
  return matches(object) || matches(oldObject)
}
