import { RotateCw } from '@lucide/vue'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

export const restart: Action = {
  id: 'restart',
  label: 'Restart',
  labelOf: () => t('dialogs.restart.label'),
  icon: RotateCw,
  kubectl: () => ({ verb: 'restart' }),
  enabled: (object, access) => mayOr(access, 'patch', object),
  async run(object, { kind, cluster, say }) {
    await cluster.restart(kind.resource, object)
    say(t('dialogs.restart.done', { name: object.metadata.name }))
  },
}
