import type { ClusterRole } from '#shared/kube/generated/types.ts'
import { clusterRoles } from '#shared/kube/resources.ts'
import { rulesColumn } from './columns.ts'
import { describe } from '../descriptor.ts'

export const clusterRole = describe<ClusterRole>({
  resource: clusterRoles,
  title: 'ClusterRoles',
  group: 'access',
  columns: [rulesColumn],
})
