import { Pencil } from '@lucide/vue'
import { targetOf } from '../../composables/target.ts'
import { t } from '../../texts/index.ts'
import type { Action } from './action.ts'

export const edit: Action = {
  id: 'edit',
  label: 'Edit',
  labelOf: () => t('dialogs.edit'),
  icon: Pencil,
  reads: true,
  key: 'e',
  kubectl: () => ({ verb: 'edit' }),
  run(object, { context, kind: { resource }, dock }) {
    dock.show({ panel: 'edit', target: targetOf(context, resource, object), resource })
  },
}
