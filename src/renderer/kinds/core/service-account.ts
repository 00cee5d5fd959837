import type { ServiceAccount } from '#shared/kube/generated/types.ts'
import { serviceAccounts } from '#shared/kube/resources.ts'
import { describe } from '../descriptor.ts'

export const serviceAccount = describe<ServiceAccount>({
  resource: serviceAccounts,
  title: 'ServiceAccounts',
  group: 'access',
  columns: [{ id: 'secrets', value: ({ secrets: list }) => list?.length ?? 0, numeric: true }],
})
