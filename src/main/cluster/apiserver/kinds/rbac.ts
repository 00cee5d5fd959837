import type { RoleRef, Subject } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { Column } from '../api/kind.ts'
import { age, text, wide } from '../api/columns.ts'

interface Binding extends KubeObject {
  roleRef: RoleRef
  subjects?: Subject[]
}

const names = (kind: string) => (binding: Binding) =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ')

export const bindingColumns: Column<Binding>[] = [
  text('Role', 'What it grants.', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  age,
  wide(text('Users', 'Users it grants to.', names('User'))),
  wide(text('Groups', 'Groups it grants to.', names('Group'))),
  wide(text('ServiceAccounts', 'Service accounts it grants to.', names('ServiceAccount'))),
]
