import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#shared/kube/generated/types.ts'
import type { Column } from '../descriptor.ts'

export const rulesColumn: Column<Role | ClusterRole> = {
  id: 'rules',
  title: 'Rules',
  value: ({ rules }) => rules?.length ?? 0,
  numeric: true,
}

export const bindingColumns: Column<RoleBinding | ClusterRoleBinding>[] = [
  { id: 'role', title: 'Role', value: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  {
    id: 'subjects',
    title: 'Subjects',
    value: ({ subjects }) => (subjects ?? []).map(({ kind, name }) => `${kind}/${name}`).join(', '),
  },
]
