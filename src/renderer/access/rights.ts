import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject as BoundSubject,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { ruleAllows } from '#shared/kube/policy-rules.ts'

/**
 * What RBAC allows, computed from its objects as the API server computes it. Roles only add rights; a ClusterRole with an
 * aggregation rule holds the rules that the cluster has put together for it.
 */
export interface Rbac {
  roles: readonly Stored<Role>[]
  clusterRoles: readonly Stored<ClusterRole>[]
  roleBindings: readonly Stored<RoleBinding>[]
  clusterRoleBindings: readonly Stored<ClusterRoleBinding>[]
}

export const subjectKinds = ['User', 'Group', 'ServiceAccount'] as const
export interface Subject {
  kind: (typeof subjectKinds)[number]
  name: string
  /** Of a ServiceAccount. */
  namespace?: string | undefined
  /** Groups of a User: RBAC's objects do not tell them. */
  groups?: readonly string[]
}

/** A name of a role or of a binding. */
export interface Reference {
  kind: string
  name: string
  namespace?: string | undefined
}

/** A binding that names a subject, or one of its groups. */
export interface Binding {
  binding: Reference
  role: Reference
  /** The subject or the group that it names. */
  named: Subject
  /** Unset when the role does not exist. */
  rules: readonly PolicyRule[] | undefined
}

/** A rule that a subject has, and where from. */
export interface Grant {
  rule: PolicyRule
  /** The place of the rule in its role, from 0. */
  at: number
  /** Unset for the user's own rights as the server tells them. */
  by: Binding | undefined
}

/** A verb on a resource, or of one object by its name. */
export interface Asked {
  verb: string
  /** '' for the core group. */
  group: string
  /** `pods`, `pods/log`. */
  resource: string
  /** '' for any object. */
  name?: string
}

/** The bindings that give a subject rights in a namespace; with '', those that hold in all namespaces. */
export function bindingsOf(rbac: Rbac, subject: Subject, namespace: string): Binding[] {
  return bindingsIn(rbac, namespace).flatMap(({ subjects, ...binding }) => {
    const named = subjects.find((each) => isNamed(each, subject))
    return named ? [{ ...binding, named }] : []
  })
}

/** The rules that a subject has in a namespace. */
export const grantsOf = (rbac: Rbac, subject: Subject, namespace: string): Grant[] =>
  bindingsOf(rbac, subject, namespace).flatMap((by) => (by.rules ?? []).map((rule, at) => ({ rule, at, by })))

/** `yes`; `some`: for objects of some names alone; `no`. */
export type Answer = 'yes' | 'some' | 'no'
export interface Verdict {
  answer: Answer
  grants: readonly Grant[]
  /** The names of objects, for `some`. */
  names: readonly string[]
}

export function verdictOf(grants: readonly Grant[], asked: Asked): Verdict {
  const allowing = grants.filter(({ rule }) => allowsByRule(rule, asked))
  if (allowing.length > 0) return { answer: 'yes', grants: allowing, names: [] }
  const named = grants.filter(({ rule: { resourceNames, ...rule } }) => resourceNames && allowsByRule(rule, asked))
  const names = [...new Set(named.flatMap(({ rule }) => rule.resourceNames ?? []))]
  return { answer: named.length > 0 ? 'some' : 'no', grants: named, names }
}

/** Who may do something in a namespace, by the binding that says so; those who may with some objects alone come last. */
export function whoCan(rbac: Rbac, asked: Asked, namespace: string): { subject: Subject; verdict: Verdict }[] {
  return subjectsOf(rbac, namespace)
    .map((subject) => ({
      subject,
      // The rights of a subject itself: those of its groups are the groups' lines.
      verdict: verdictOf(
        grantsOf(rbac, subject, namespace).filter(({ by }) => by && isSame(by.named, subject)),
        asked,
      ),
    }))
    .filter(({ verdict }) => verdict.answer !== 'no')
    .sort((a, b) => Number(a.verdict.answer === 'some') - Number(b.verdict.answer === 'some'))
}

/** Everyone whom a binding names that holds in a namespace, each once: people first, then groups, then accounts. */
export function subjectsOf(rbac: Rbac, namespace: string): Subject[] {
  const found = new Map(
    bindingsIn(rbac, namespace)
      .flatMap(({ subjects }) => subjects)
      .map((subject) => [subjectKey(subject), subject]),
  )
  return [...found.values()].sort(
    (a, b) => subjectKinds.indexOf(a.kind) - subjectKinds.indexOf(b.kind) || subjectKey(a).localeCompare(subjectKey(b)),
  )
}

/** `ServiceAccount shop/web`, `User nora`. */
export const subjectKey = ({ kind, namespace, name }: Subject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/** The subject of a key; undefined for texts that are none. */
export function subjectOf(key: string): Subject | undefined {
  const [kindText = '', ...rest] = key.split(' ')
  const kind = subjectKinds.find((each) => each === kindText)
  const text = rest.join(' ')
  if (!kind || text === '') return undefined
  if (kind !== 'ServiceAccount') return { kind, name: text }
  const [namespace = '', name = ''] = text.split('/')
  return name === '' ? undefined : { kind, namespace, name }
}

/** Parts of Kubernetes itself, and what it makes for itself. */
export const isSystem = ({ name, namespace = '' }: Subject): boolean =>
  name.startsWith('system:') || namespace.startsWith('kube-')

export const isSame = (a: Subject, b: Subject): boolean => subjectKey(a) === subjectKey(b)

/** Whether a rule allows what is asked of a resource. */
export function allowsByRule(rule: PolicyRule, { verb, group, resource: path, name = '' }: Asked): boolean {
  const [resource = '', subresource = ''] = path.split('/')
  return ruleAllows(rule, { resourceRequest: true, verb, group, resource, subresource, name })
}

type RawBinding = Omit<Binding, 'named'> & { subjects: readonly Subject[] }

function bindingsIn(rbac: Rbac, namespace: string): RawBinding[] {
  const inCluster = rbac.clusterRoleBindings.map((each) => rawBinding(rbac, 'ClusterRoleBinding', each))
  const inNamespace = rbac.roleBindings
    .filter(({ metadata }) => namespace !== '' && metadata.namespace === namespace)
    .map((each) => rawBinding(rbac, 'RoleBinding', each))
  return [...inCluster, ...inNamespace]
}

function rawBinding(
  { roles, clusterRoles }: Rbac,
  kind: string,
  { metadata, roleRef, subjects = [] }: Stored<RoleBinding> | Stored<ClusterRoleBinding>,
): RawBinding {
  const isClusterRole = roleRef.kind === 'ClusterRole'
  const role = isClusterRole
    ? clusterRoles.find((each) => each.metadata.name === roleRef.name)
    : roles.find((each) => each.metadata.name === roleRef.name && each.metadata.namespace === metadata.namespace)
  return {
    binding: { kind, name: metadata.name, namespace: metadata.namespace },
    role: { kind: roleRef.kind, name: roleRef.name, ...(isClusterRole ? {} : { namespace: metadata.namespace }) },
    rules: role && (role.rules ?? []),
    subjects: subjects.flatMap((each) => knownSubject(each, metadata.namespace)),
  }
}

/** The user name of a ServiceAccount is one more way to name it. */
function knownSubject({ kind, name, namespace }: BoundSubject, own: string | undefined): Subject[] {
  const [, , accountNamespace, account] = name.split(':')
  if (kind === 'User' && name.startsWith('system:serviceaccount:') && account !== undefined)
    return [{ kind: 'ServiceAccount', namespace: accountNamespace, name: account }]
  if (kind === 'ServiceAccount') return [{ kind, name, namespace: namespace ?? own }]
  return kind === 'User' || kind === 'Group' ? [{ kind, name }] : []
}

/** Whether a binding's subject is this one, or a group that it is in. */
function isNamed(named: Subject, subject: Subject): boolean {
  if (isSame(named, subject)) return true
  return named.kind === 'Group' && groupsOf(subject).includes(named.name)
}

/** The groups that a subject is in for sure: every account is in those of its namespace. */
export function groupsOf({ kind, name, namespace, groups = [] }: Subject): string[] {
  if (kind === 'ServiceAccount')
    return ['system:serviceaccounts', `system:serviceaccounts:${namespace ?? ''}`, 'system:authenticated']
  const isAnonymous = name === 'system:anonymous' || name === 'system:unauthenticated'
  return isAnonymous ? ['system:unauthenticated'] : [...new Set([...groups, 'system:authenticated'])]
}
