import type {
  LabelSelector,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
} from '#shared/kube/generated/types.ts'
import type { KubeObject, Named, Stored } from '#shared/kube/object.ts'
import { labelRequirements, matchesLabels } from '#shared/kube/selectors.ts'
import type { DirectAuthorizer } from '../cel/authorizer.ts'
import type { AdmissionAttributes } from '../api/admission.ts'
import type { ResourceKey } from '../api/reader.ts'
import type { ResourceTable, ServedResource } from '../api/resources.ts'
import { matchesRequest, matchesRule } from '../webhooks/rules.ts'

/** Selects the policies that apply to a request, and their parameters. */

export interface Policy extends KubeObject {
  spec?: {
    matchConstraints?: MatchResources
    paramKind?: ParamKind
    failurePolicy?: string
    matchConditions?: { name?: string; expression?: string }[]
    variables?: { name?: string; expression?: string }[]
  }
}

export interface Binding extends KubeObject {
  spec?: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources; validationActions?: string[] }
}

/** One policy with one binding and one set of parameters. */
export interface Bound<P extends Policy, B extends Binding> {
  policy: Stored<P>
  binding: Stored<B>
  /** null when the policy has no parameters. */
  params: KubeObject | null
}

export interface PolicyOptions {
  /** The served resources: parameters of policies may be of any kind. */
  resources: ResourceTable
  /** Evaluates the variable `authorizer`. */
  authorizer: DirectAuthorizer
}

/** Required parameters are missing. */
export class ParamsMissing extends Error {}

/** Policies with their bindings, in the order of the policies' names. */
export function boundPolicies<P extends Policy, B extends Binding>(
  attributes: AdmissionAttributes,
  resources: { policies: ResourceKey<P>; bindings: ResourceKey<B> },
): { policy: Stored<P>; binding: Stored<B> }[] {
  const { reader } = attributes
  const bindings = reader.list(resources.bindings)
  if (bindings.length === 0) return []
  return bindings
    .flatMap((binding) => {
      const policy = reader.get(resources.policies, '', binding.spec?.policyName ?? '')
      return policy && applies(policy, binding, attributes) ? [{ policy, binding }] : []
    })
    .sort((a, b) => order(a.policy, b.policy) || order(a.binding, b.binding))
}

const order = (a: Named, b: Named): number =>
  a.metadata.name < b.metadata.name ? -1 : a.metadata.name === b.metadata.name ? 0 : 1

function applies(policy: Policy, binding: Binding, attributes: AdmissionAttributes): boolean {
  return (
    matches(policy.spec?.matchConstraints, attributes) &&
    (binding.spec?.matchResources === undefined || matches(binding.spec.matchResources, attributes, true))
  )
}

/** @param whole whether a list without rules matches every request. */
function matches(match: MatchResources | undefined, attributes: AdmissionAttributes, whole = false): boolean {
  if (!match) return false
  const named = ({ resourceNames }: NamedRuleWithOperations): boolean =>
    !resourceNames?.length || resourceNames.includes(attributes.name)
  const anyVersion = match.matchPolicy !== 'Exact'
  if (match.excludeResourceRules?.some((rule) => named(rule) && matchesRule(rule, attributes, anyVersion))) return false
  const rules = match.resourceRules?.filter(named)
  if (whole && !match.resourceRules?.length) return matchesRequest({ ...match, rules: [everything] }, attributes)
  return matchesRequest({ ...match, ...(rules ? { rules } : {}) }, attributes)
}

const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'], scope: '*' }

/**
 * The parameters of a binding, in the version that the policy names; the policy is evaluated once for each.
 * @throws ParamsMissing when there are none and the binding requires them
 */
export function paramsOf(
  policy: Policy,
  binding: Binding,
  attributes: AdmissionAttributes,
  resources: ResourceTable,
): (KubeObject | null)[] {
  const source = paramSource(policy, binding, attributes, resources)
  if (!source) return [null]
  const { paramRef, resource } = source
  const params = readParams(source, attributes, resource.kind.version)
  if (params.length > 0) return params
  if (paramRef.parameterNotFoundAction === 'Allow') return []
  throw new ParamsMissing('no params found for policy binding with `Deny` parameterNotFoundAction')
}

/**
 * Converts parameters that a webhook converts to the versions that policies name: what fails is found when they are read.
 * @returns undefined where no policy has any parameters
 */
export function prepareParams(
  bound: readonly { policy: Policy; binding: Binding }[],
  attributes: AdmissionAttributes,
  resources: ResourceTable,
): Promise<unknown> | undefined {
  const withParams = bound.filter(({ policy }) => policy.spec?.paramKind !== undefined)
  if (withParams.length === 0) return undefined
  return Promise.all(withParams.map(({ policy, binding }) => prepareOne(policy, binding, attributes, resources)))
}

async function prepareOne(
  policy: Policy,
  binding: Binding,
  attributes: AdmissionAttributes,
  resources: ResourceTable,
): Promise<void> {
  try {
    const source = paramSource(policy, binding, attributes, resources)
    const conversion = source?.resource.custom?.conversion
    if (!source || !conversion) return
    const { apiVersion } = source.resource
    for (;;) {
      const pending = conversion.prepare(readParams(source, attributes), apiVersion)
      if (!pending) return
      await pending
    }
  } catch {
    // The same failure is the policy's, by its failurePolicy, when its parameters are read.
  }
}

/** Where the parameters of a binding are. */
interface ParamSource {
  resource: ServedResource
  paramRef: ParamRef
  namespace: string
}

/** @returns undefined where the policy has no parameters @throws ParamsMissing where there cannot be any */
function paramSource(
  policy: Policy,
  binding: Binding,
  attributes: AdmissionAttributes,
  resources: ResourceTable,
): ParamSource | undefined {
  const { paramKind } = policy.spec ?? {}
  const { paramRef } = binding.spec ?? {}
  if (!paramKind || !paramRef) return undefined
  const resource = resources
    .all()
    .find(({ kind, apiVersion }) => kind.kind === paramKind.kind && apiVersion === paramKind.apiVersion)
  if (!resource)
    throw new ParamsMissing(
      `failed to find resource referenced by paramKind: '${paramKind.apiVersion ?? ''}, Kind=${paramKind.kind ?? ''}'`,
    )
  const { namespaced } = resource.kind
  const namespace = namespaced ? (paramRef.namespace ?? attributes.namespace) : ''
  if (namespaced && namespace === '')
    throw new ParamsMissing('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  return { resource, paramRef, namespace }
}

/** @param inVersion the version to read them in; as they are stored where unset, and then all that a selector may select */
function readParams(
  { resource, paramRef, namespace }: ParamSource,
  attributes: AdmissionAttributes,
  inVersion?: string,
): Stored[] {
  const { group, plural } = resource.kind
  const key = { group, plural, ...(inVersion === undefined ? {} : { inVersion }) }
  if (paramRef.name) return [attributes.reader.get(key, namespace, paramRef.name)].filter((one) => one !== undefined)
  const all = attributes.reader.list(key, namespace)
  return inVersion === undefined ? all : selected(all, paramRef.selector)
}

function selected(objects: readonly Stored[], selector: LabelSelector | undefined): Stored[] {
  const requirements = labelRequirements(selector) ?? []
  return objects.filter(({ metadata }) => matchesLabels(requirements, metadata.labels))
}
