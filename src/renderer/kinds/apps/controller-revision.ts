import type { ControllerRevision } from '#shared/kube/generated/types.ts'
import { controllerRevisions } from '#shared/kube/resources.ts'
import { ownerName } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const controllerRevision = describe<ControllerRevision>({
  resource: controllerRevisions,
  title: 'ControllerRevisions',
  group: 'workloads',
  columns: [
    { id: 'owner', value: ownerName, isName: true },
    { id: 'revision', value: ({ revision }) => revision, numeric: true, width: '90px' },
  ],
})
