import type { RoleBinding } from '#shared/kube/generated/types.ts'
import { roleBindings } from '#shared/kube/resources.ts'
import { bindingColumns } from './columns.ts'
import { describe } from '../descriptor.ts'

export const roleBinding = describe<RoleBinding>({
  resource: roleBindings,
  title: 'RoleBindings',
  group: 'access',
  columns: bindingColumns,
})
