import type { Role } from '#shared/kube/generated/types.ts'
import { roles } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'
import { rulesColumn } from './columns.ts'

export const role = describe<Role>({ resource: roles, title: 'Roles', group: 'access', columns: [rulesColumn] })
