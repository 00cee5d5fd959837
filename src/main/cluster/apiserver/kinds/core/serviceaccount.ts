import { defined } from '#shared/kube/json.ts'
import type { ServiceAccount } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { age } from '../../api/columns.ts'

/** An identity for processes in pods. */
export const serviceAccount: KindDeclaration<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ServiceAccount',
  generation: false,
  returnsDeleted: true,
  setDefaults(account) {
    // Kubernetes keeps only the names of secrets (serviceaccount's strategy, cleanSecretReferences).
    if (account.secrets) account.secrets = account.secrets.map(({ name }) => defined({ name }))
  },
  subresources: {
    token: { verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } },
  },
  columns: [age],
}
