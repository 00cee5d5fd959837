import type { PolicyRule } from '#shared/kube/generated/types.ts'
import { verbs } from './matrix.ts'
import {
  allowsByRule,
  bindingsOf,
  grantsOf,
  isSame,
  subjectsOf,
  verdictOf,
  type Asked,
  type Binding,
  type Rbac,
  type Reference,
  type Subject,
  type Verdict,
} from './rights.ts'

/** Why a subject may or may not do something: each binding that could give the right, and the smallest change that does. */
export interface Why {
  verdict: Verdict
  walks: readonly Walk[]
  /** Other namespaces in which it may. */
  elsewhere: readonly string[]
  /** Unset where the subject may. */
  change: Change | undefined
}

/** From a subject over a binding and its role to what that role says of the resource. */
export interface Walk extends Binding {
  /** The verbs that the role has for the resource; those of `*` are all. */
  has: readonly string[]
  /** The first rule that speaks of the resource, from 0. */
  at: number | undefined
}

/** A role before and after; `before` is empty for a role and a binding that are new. */
export interface Change {
  role: Reference
  before: readonly PolicyRule[]
  after: readonly PolicyRule[]
  /** The binding that has to be made, too. */
  binding: Reference | undefined
  /** Who else gets the right. */
  others: readonly Subject[]
}

/** @param namespace '' for all namespaces and for resources that are in none */
export function whyNot(rbac: Rbac, subject: Subject, asked: Asked, namespace: string): Why {
  const verdict = verdictOf(grantsOf(rbac, subject, namespace), asked)
  const walks = bindingsOf(rbac, subject, namespace).map((binding) => walkOf(binding, asked))
  return {
    verdict,
    walks: walks.sort((a, b) => b.has.length - a.has.length),
    elsewhere: elsewhereOf(rbac, subject, asked, namespace),
    change: verdict.answer === 'yes' ? undefined : smallestChange(rbac, { subject, asked, namespace, walks }),
  }
}

function walkOf(binding: Binding, asked: Asked): Walk {
  const rules = binding.rules ?? []
  const speaks = (rule: PolicyRule): boolean => rule.verbs.some((verb) => allowsByRule(rule, { ...asked, verb }))
  const at = rules.findIndex(speaks)
  const has = verbs.filter((verb) => rules.some((rule) => allowsByRule(rule, { ...asked, verb })))
  return { ...binding, has, at: at < 0 ? undefined : at }
}

function elsewhereOf(rbac: Rbac, subject: Subject, asked: Asked, namespace: string): string[] {
  const others = new Set(rbac.roleBindings.map(({ metadata }) => metadata.namespace))
  return [...others]
    .filter((each) => each !== namespace && verdictOf(grantsOf(rbac, subject, each), asked).answer === 'yes')
    .sort()
}

/**
 * One verb more in a role that the subject has already, if that role is the cluster's user's own and holds no wider than
 * asked; else a role and a binding of its own. A role that the cluster fills or aggregates would be written over.
 */
function smallestChange(
  rbac: Rbac,
  { subject, asked, namespace, walks }: { subject: Subject; asked: Asked; namespace: string; walks: readonly Walk[] },
): Change {
  const holders = (role: Reference): Subject[] =>
    [...new Set([namespace, ...rbac.roleBindings.map(({ metadata }) => metadata.namespace)])]
      .flatMap((each) => subjectsOf(rbac, each).filter((other) => holds(rbac, other, role, each)))
      .filter((other, at, all) => !isSame(other, subject) && all.findIndex((each) => isSame(each, other)) === at)
  const [best] = walks
    .filter((walk) => isChangeable(rbac, walk, namespace))
    .map((walk) => ({ walk, others: holders(walk.role) }))
    .sort(
      (a, b) => Number(b.walk.at !== undefined) - Number(a.walk.at !== undefined) || a.others.length - b.others.length,
    )
  const rule: PolicyRule = {
    apiGroups: [asked.group],
    resources: [asked.resource],
    verbs: [asked.verb],
    ...(asked.name ? { resourceNames: [asked.name] } : {}),
  }
  if (best?.walk.rules)
    return {
      role: best.walk.role,
      before: best.walk.rules,
      after: withRule(best.walk.rules, rule),
      binding: undefined,
      others: best.others,
    }
  const name = `${nameFor(subject)}-${asked.verb}-${asked.resource.replace(/\W/g, '-')}`
  const inNamespace = namespace === '' ? {} : { namespace }
  return {
    role: { kind: namespace === '' ? 'ClusterRole' : 'Role', name, ...inNamespace },
    before: [],
    after: [rule],
    binding: { kind: namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding', name, ...inNamespace },
    others: [],
  }
}

/** The verb joins a rule for this resource alone; others would give it for more. */
function withRule(rules: readonly PolicyRule[], added: PolicyRule): PolicyRule[] {
  const isOnly = (values: readonly string[] | undefined, value: string | undefined): boolean =>
    values?.length === 1 && values[0] === value
  const at = rules.findIndex(
    ({ apiGroups, resources, resourceNames, nonResourceURLs }) =>
      isOnly(apiGroups, added.apiGroups?.[0]) &&
      isOnly(resources, added.resources?.[0]) &&
      (resourceNames ?? []).join() === (added.resourceNames ?? []).join() &&
      !nonResourceURLs?.length,
  )
  return at < 0
    ? [...rules, added]
    : rules.map((rule, index) => (index === at ? { ...rule, verbs: [...rule.verbs, ...added.verbs] } : rule))
}

/** A role that holds elsewhere too would give more than was asked. */
function isChangeable(rbac: Rbac, { role, rules, binding }: Walk, namespace: string): boolean {
  if (rules === undefined || (binding.kind === 'ClusterRoleBinding' && namespace !== '')) return false
  if (role.kind === 'Role') return true
  const stored = rbac.clusterRoles.find(({ metadata }) => metadata.name === role.name)
  const isBoundElsewhere = rbac.roleBindings.some(
    ({ roleRef, metadata }) =>
      roleRef.kind === 'ClusterRole' && roleRef.name === role.name && metadata.namespace !== namespace,
  )
  const isBoundEverywhere = rbac.clusterRoleBindings.some(({ roleRef }) => roleRef.name === role.name)
  return (
    stored?.aggregationRule === undefined &&
    stored?.metadata.labels?.['kubernetes.io/bootstrapping'] === undefined &&
    !isBoundElsewhere &&
    (namespace === '' || !isBoundEverywhere)
  )
}

const holds = (rbac: Rbac, subject: Subject, role: Reference, namespace: string): boolean =>
  bindingsOf(rbac, subject, namespace).some(
    ({ role: each, named }) =>
      isSame(named, subject) && each.kind === role.kind && each.name === role.name && each.namespace === role.namespace,
  )

/** A name that an object may have: `nora@shop.example` becomes `nora-shop-example`. */
const nameFor = ({ name }: Subject): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
