import type { ComponentStatus } from '#shared/kube/generated/types.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { text } from '../../api/columns.ts'

/** Health of the control plane's components; computed on read (`component-statuses.ts`), not stored. */
export const componentStatus: KindDeclaration<ComponentStatus> = {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.ComponentStatus',
  verbs: ['get', 'list'],
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    text('Status', 'Whether the component is healthy.', (status) =>
      healthyOf(status)?.status === 'True' ? 'Healthy' : 'Unhealthy',
    ),
    text('Message', 'What it says of itself.', (status) => healthyOf(status)?.message ?? ''),
    text('Error', 'What is wrong with it.', (status) => healthyOf(status)?.error ?? ''),
  ],
}

const healthyOf = ({ conditions }: ComponentStatus): NonNullable<ComponentStatus['conditions']>[number] | undefined =>
  conditions?.find(({ type }) => type === 'Healthy')
