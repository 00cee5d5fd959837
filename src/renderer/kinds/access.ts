import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#shared/kube/generated/types.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '#shared/kube/resources.ts'
import { describe, type Column } from './descriptor.ts'

const rules: Column<Role | ClusterRole> = {
  id: 'rules',
  title: 'Rules',
  value: ({ rules: list }) => list?.length ?? 0,
  numeric: true,
}
const binding: Column<RoleBinding | ClusterRoleBinding>[] = [
  { id: 'role', title: 'Role', value: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  {
    id: 'subjects',
    title: 'Subjects',
    value: ({ subjects }) => (subjects ?? []).map(({ kind, name }) => `${kind}/${name}`).join(', '),
  },
]

export const role = describe<Role>({ resource: roles, title: 'Roles', group: 'Access', columns: [rules] })
export const roleBinding = describe<RoleBinding>({
  resource: roleBindings,
  title: 'RoleBindings',
  group: 'Access',
  columns: binding,
})
export const clusterRole = describe<ClusterRole>({
  resource: clusterRoles,
  title: 'ClusterRoles',
  group: 'Access',
  columns: [rules],
})
export const clusterRoleBinding = describe<ClusterRoleBinding>({
  resource: clusterRoleBindings,
  title: 'ClusterRoleBindings',
  group: 'Access',
  columns: binding,
})
