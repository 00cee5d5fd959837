import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#shared/kube/generated/types.ts'
import type { Column } from '../descriptor.ts'

export const rulesColumn: Column<Role | ClusterRole> = {
  id: 'rules',
  value: ({ rules }) => rules?.length ?? 0,
  numeric: true,
}

export const bindingColumns: Column<RoleBinding | ClusterRoleBinding>[] = [
  { id: 'role', value: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  {
    id: 'subjects',
    value: ({ subjects }) => (subjects ?? []).map(({ kind, name }) => `${kind}/${name}`).join(', '),
  },
]
