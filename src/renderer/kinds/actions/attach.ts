import { Cable } from '@lucide/vue'
import type { Pod } from '#shared/kube/generated/types.ts'
import { targetOf } from '../../composables/target.ts'
import { t } from '../../texts/index.ts'
import { allOr, mayOr, type Action } from './action.ts'
import { runningOr } from './running.ts'

/** Connects a terminal to the program that a container runs already. */
export const attach: Action<Pod> = {
  id: 'attach',
  get label() {
    return t('dock.action.attach')
  },
  icon: Cable,
  kubectl: () => ({ verb: 'attach' }),
  enabled: (pod, access) => allOr(mayOr(access, 'create', pod, { subresource: 'attach' }), runningOr(pod)),
  run(pod, { context, kind, dock }) {
    const containers = (pod.spec?.containers ?? []).map(({ name }) => name)
    dock.show({ panel: 'terminal', target: targetOf(context, kind.resource, pod), containers, mode: 'attach' })
  },
}
