import { ScrollText } from '@lucide/vue'
import { targetOf } from '../../composables/target.ts'
import type { Action } from './action.ts'

export const logs: Action = {
  id: 'logs',
  label: 'Logs',
  icon: ScrollText,
  reads: true,
  key: 'l',
  kubectl: () => ({ verb: 'logs', follow: true }),
  run(object, { context, kind, dock }) {
    const source = kind.logs?.(object)
    if (source) dock.show({ panel: 'logs', target: targetOf(context, kind.resource, object), source })
  },
}
