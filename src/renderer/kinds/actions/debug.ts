import { Wrench } from '@lucide/vue'
import type { Pod } from '#shared/kube/generated/types.ts'
import { targetOf } from '../../composables/target.ts'
import { t } from '../../texts/index.ts'
import { allOr, mayOr, type Action } from './action.ts'
import { placedOr } from './running.ts'

/** Adds a container with tools to a pod that has none, or that does not stay up. */
export const debug: Action<Pod> = {
  id: 'debug',
  get label() {
    return t('dock.action.debug')
  },
  icon: Wrench,
  enabled: (pod, access) => allOr(mayOr(access, 'patch', pod, { subresource: 'ephemeralcontainers' }), placedOr(pod)),
  run(pod, { context, kind, dock }) {
    const containers = (pod.spec?.containers ?? []).map(({ name }) => name)
    dock.show({ panel: 'terminal', target: targetOf(context, kind.resource, pod), containers, mode: 'debug' })
  },
}
