import type { ClusterRoleBinding } from '#shared/kube/generated/types.ts'
import { clusterRoleBindings } from '#shared/kube/resources.ts'
import { bindingColumns } from './columns.ts'
import { describe } from '../descriptor.ts'

export const clusterRoleBinding = describe<ClusterRoleBinding>({
  resource: clusterRoleBindings,
  title: 'ClusterRoleBindings',
  group: 'access',
  columns: bindingColumns,
})
