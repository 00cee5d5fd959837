import { SquareTerminal } from '@lucide/vue'
import type { Pod } from '#shared/kube/generated/types.ts'
import { targetOf } from '../../composables/target.ts'
import { allOr, mayOr, type Action } from './action.ts'
import { runningOr } from './running.ts'

export const shell: Action<Pod> = {
  id: 'shell',
  label: 'Shell',
  icon: SquareTerminal,
  key: 's',
  kubectl: () => ({ verb: 'exec', command: ['sh'] }),
  enabled: (pod, access) => allOr(mayOr(access, 'create', pod, { subresource: 'exec' }), runningOr(pod)),
  run(pod, { context, kind, dock }) {
    const containers = (pod.spec?.containers ?? []).map(({ name }) => name)
    dock.show({ panel: 'terminal', target: targetOf(context, kind.resource, pod), containers })
  },
}
