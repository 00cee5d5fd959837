import { RotateCw } from '@lucide/vue'
import { mayOr, type Action } from './action.ts'

export const restart: Action = {
  id: 'restart',
  label: 'Restart',
  icon: RotateCw,
  enabled: (object, access) => mayOr(access, 'patch', object),
  async run(object, { kind, cluster, say }) {
    await cluster.restart(kind.resource, object)
    say(`${object.metadata.name} restarts`)
  },
}
