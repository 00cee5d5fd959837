import { ruleAllows } from '#shared/kube/policy-rules.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Change, Store } from '../../store/store.ts'
import {
  rbacGroup,
  type BindingObject,
  type PolicyRule,
  type RoleObject,
  type RoleRef,
  type Subject,
} from './rbac-types.ts'
import type { AuthorizationAttributes, Authorizer, Decision, UserInfo } from '../api/access.ts'

/** Role-based access control over an in-memory index that follows the store, so that no request lists roles. */
export interface RbacAuthorizer extends Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision
  /** All rules that apply to a user in `namespace` ('' = cluster-wide rules only). */
  rulesOf(user: UserInfo, namespace: string): PolicyRule[]
  /** The rules of a binding's role, for a binding in `namespace`; undefined when the role does not exist. */
  roleRules(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined
  stop: Stop
}

const prefix = `/registry/${rbacGroup}/`
const denied: Decision = { allowed: false }

export function createRbacAuthorizer({ store }: { store: Store }): RbacAuthorizer {
  const index = new RbacIndex()
  const stop = follow(store, index)
  return {
    authorize(attributes) {
      const grants = index.grantsOf(attributes.user)
      const namespace = attributes.resourceRequest ? attributes.namespace : ''
      const decision =
        decide(index, grants.get(''), attributes) ??
        (namespace === '' ? undefined : decide(index, grants.get(namespace), attributes))
      return decision ?? denied
    },
    rulesOf(user, namespace) {
      const grants = index.grantsOf(user)
      const relevant = [...(grants.get('') ?? []), ...(namespace === '' ? [] : (grants.get(namespace) ?? []))]
      return relevant.flatMap(({ role }) => index.roles.get(role) ?? [])
    },
    roleRules: (roleRef, namespace) => index.roles.get(roleKey(roleRef, namespace)),
    stop,
  }
}

function decide(
  index: RbacIndex,
  grants: readonly Grant[] | undefined,
  attributes: AuthorizationAttributes,
): Decision | undefined {
  if (!grants) return undefined
  for (const grant of grants) {
    const rules = index.roles.get(grant.role)
    if (!rules) continue
    for (const rule of rules) if (ruleAllows(rule, attributes)) return grant.decision
  }
  return undefined
}

/** Lists all RBAC objects, then watches them. */
function follow(store: Store, index: RbacIndex): Stop {
  let stopped = false
  let stopWatch: Stop = () => undefined
  const start = (): void => {
    if (stopped) return
    const { entries, revision } = store.list(prefix)
    index.clear()
    for (const { key, object } of entries) index.put(key, object)
    stopWatch = store.watch(prefix, revision, {
      changes: (batch) => batch.forEach((change) => apply(index, change)),
      // The watch fell behind the store's event buffer: list again.
      close: start,
    })
  }
  start()
  return () => {
    stopped = true
    return stopWatch()
  }
}

function apply(index: RbacIndex, { type, entry }: Change): void {
  if (type === 'delete') index.remove(entry.key)
  else index.put(entry.key, entry.object)
}

/** A binding as seen by one of its subjects. */
interface Grant {
  /** Key of the role in `roles`. */
  role: string
  /** The reason returned when one of the role's rules matches. */
  decision: Decision
}

/** A user's bindings by namespace; '' holds the cluster-wide ones. */
type Grants = Map<string, Grant[]>

interface IndexedBinding {
  namespace: string
  subjects: Map<string, Grant>
}

class RbacIndex {
  /** Rules by `<namespace>/<name>`; those of ClusterRoles by `/<name>`. */
  readonly roles = new Map<string, readonly PolicyRule[]>()
  readonly #bindings = new Map<string, IndexedBinding>()
  readonly #bySubject = new Map<string, Set<IndexedBinding>>()
  // A user object lives as long as its connection or token, so most requests find their bindings cached here.
  #byUser = new WeakMap<UserInfo, Grants>()

  clear(): void {
    this.roles.clear()
    this.#bindings.clear()
    this.#bySubject.clear()
    this.#byUser = new WeakMap()
  }

  put(key: string, object: RoleObject | BindingObject): void {
    if (isRoleKey(key)) this.roles.set(indexKey(key), (object as RoleObject).rules ?? [])
    else this.#bind(key, object as BindingObject)
  }

  remove(key: string): void {
    if (isRoleKey(key)) this.roles.delete(indexKey(key))
    else this.#unbind(key)
  }

  grantsOf(user: UserInfo): Grants {
    let grants = this.#byUser.get(user)
    if (!grants) this.#byUser.set(user, (grants = this.#collect(user)))
    return grants
  }

  #collect(user: UserInfo): Grants {
    const grants: Grants = new Map()
    for (const subject of [`User:${user.name}`, ...user.groups.map((group) => `Group:${group}`)]) {
      for (const { namespace, subjects } of this.#bySubject.get(subject) ?? []) {
        const grant = subjects.get(subject)
        if (!grant) continue
        const list = grants.get(namespace)
        if (list) list.push(grant)
        else grants.set(namespace, [grant])
      }
    }
    return grants
  }

  #bind(key: string, binding: BindingObject): void {
    this.#unbind(key)
    const namespace = binding.metadata.namespace ?? ''
    const indexed: IndexedBinding = { namespace, subjects: new Map() }
    for (const subject of binding.subjects ?? []) {
      const subjectKey = subjectKeyOf(subject)
      indexed.subjects.set(subjectKey, grantOf(binding, subject))
      const bindings = this.#bySubject.get(subjectKey)
      if (bindings) bindings.add(indexed)
      else this.#bySubject.set(subjectKey, new Set([indexed]))
    }
    this.#bindings.set(key, indexed)
    this.#byUser = new WeakMap()
  }

  #unbind(key: string): void {
    const indexed = this.#bindings.get(key)
    if (!indexed) return
    this.#bindings.delete(key)
    for (const subject of indexed.subjects.keys()) {
      const bindings = this.#bySubject.get(subject)
      bindings?.delete(indexed)
      if (bindings?.size === 0) this.#bySubject.delete(subject)
    }
    this.#byUser = new WeakMap()
  }
}

const isRoleKey = (key: string): boolean =>
  key.startsWith(`${prefix}roles/`) || key.startsWith(`${prefix}clusterroles/`)

/** `<prefix>roles/<namespace>/<name>` → `<namespace>/<name>`, `<prefix>clusterroles/<name>` → `/<name>`. */
function indexKey(key: string): string {
  const parts = key.slice(prefix.length).split('/')
  return parts.length === 3 ? `${parts[1] ?? ''}/${parts[2] ?? ''}` : `/${parts[1] ?? ''}`
}

const roleKey = ({ kind, name }: RoleRef, namespace: string): string => `${kind === 'Role' ? namespace : ''}/${name}`

const subjectKeyOf = ({ kind, name, namespace }: Subject): string =>
  kind === 'ServiceAccount' ? `User:system:serviceaccount:${namespace ?? ''}:${name}` : `${kind}:${name}`

function grantOf(binding: BindingObject, subject: Subject): Grant {
  const { namespace, name } = binding.metadata
  const bound = namespace ? `RoleBinding "${name ?? ''}/${namespace}"` : `ClusterRoleBinding "${name ?? ''}"`
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? ''}` : subject.name
  const reason = `RBAC: allowed by ${bound} of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subject.kind} "${who}"`
  return { role: roleKey(binding.roleRef, namespace ?? ''), decision: { allowed: true, reason } }
}
