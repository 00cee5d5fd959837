import type { Client, Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAlreadyExists, isConflict } from '#shared/kube/error-kinds.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject, Named, Stored } from '#shared/kube/object.ts'
import { defaultRoles } from '../auth/default-roles.ts'
import {
  autoupdate,
  rbacGroup,
  type BindingObject,
  type PolicyRule,
  type RoleObject,
  type Subject,
} from '../auth/rbac-types.ts'
import { uncoveredRules } from '../auth/rules.ts'

const resource = <T extends KubeObject>(plural: string, kind: string, namespaced: boolean): Resource<T> => ({
  group: rbacGroup,
  version: 'v1',
  plural,
  kind,
  namespaced,
})

/**
 * Creates missing default roles and bindings, and adds missing rules and subjects to existing ones, unless their
 * `autoupdate` annotation is false. Nothing is removed, as in the reconciliation of Kubernetes. `client` acts as an administrator;
 * kube-system exists.
 */
export async function ensureDefaultRoles({ client }: { client: Client }): Promise<void> {
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = defaultRoles()
  await Promise.all([
    ensure(client, resource<RoleObject>('clusterroles', 'ClusterRole', false), clusterRoles, withRules),
    ensure(
      client,
      resource<BindingObject>('clusterrolebindings', 'ClusterRoleBinding', false),
      clusterRoleBindings,
      withSubjects,
    ),
    ensure(client, resource<RoleObject>('roles', 'Role', true), roles, withRules),
    ensure(client, resource<BindingObject>('rolebindings', 'RoleBinding', true), roleBindings, withSubjects),
  ])
}

/** @param complete the present object with what it lacks of the wanted one; undefined when it lacks nothing */
async function ensure<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  wanted: readonly (T & Named)[],
  complete: (present: Stored<T>, wanted: T) => (T & Named) | undefined,
): Promise<void> {
  const { items } = await client.list(resource)
  const present = new Map(items.map((item) => [keyOf(item), item]))
  await Promise.all(
    wanted.map(async (object) => {
      const found = present.get(keyOf(object))
      if (!found) return create(client, resource, object)
      const kept = withAutoupdate(found)
      if (kept.metadata.annotations?.[autoupdate] !== 'true') return
      const next = complete(kept, object) ?? (kept === found ? undefined : kept)
      if (next) await client.update(resource, next).catch(unlessConflict)
    }),
  )
}

/** The annotation's name in data folders of earlier versions, which did not have Kubernetes' own. */
const earlierAutoupdate = 'rbac.authorization.k8s.io/autoupdate'

function withAutoupdate<T extends KubeObject>(object: Stored<T>): Stored<T> {
  const { [earlierAutoupdate]: earlier, ...annotations } = object.metadata.annotations ?? {}
  if (earlier === undefined) return object
  return { ...object, metadata: { ...object.metadata, annotations: { [autoupdate]: earlier, ...annotations } } }
}

async function create<T extends KubeObject>(client: Client, resource: Resource<T>, object: T): Promise<void> {
  try {
    await client.create(resource, object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

/** The object was changed at the same time: that change is newer, and stays. */
function unlessConflict(error: unknown): undefined {
  if (!isConflict(error)) throw error
  return undefined
}

function withRules(present: Stored<RoleObject>, wanted: RoleObject): Stored<RoleObject> | undefined {
  const rules: PolicyRule[] = present.rules ?? []
  // Most starts find nothing to change.
  if (jsonEqual(rules, wanted.rules ?? [])) return undefined
  const missing = uncoveredRules(rules, wanted.rules ?? [])
  return missing.length > 0 ? { ...present, rules: [...rules, ...missing] } : undefined
}

function withSubjects(present: Stored<BindingObject>, wanted: BindingObject): Stored<BindingObject> | undefined {
  const subjects: Subject[] = present.subjects ?? []
  const isBound = (subject: Subject): boolean =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === subject.kind && name === subject.name && (namespace ?? '') === (subject.namespace ?? ''),
    )
  const missing = (wanted.subjects ?? []).filter((subject) => !isBound(subject))
  return missing.length > 0 ? { ...present, subjects: [...subjects, ...missing] } : undefined
}
