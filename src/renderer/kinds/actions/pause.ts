import { Pause } from '@lucide/vue'
import type { Deployment } from '#shared/kube/generated/types.ts'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

/** Pauses a rollout, or resumes it. */
export const pause: Action<Deployment> = {
  id: 'pause',
  label: 'Pause',
  labelOf: ({ spec }) => t(spec?.paused ? 'dialogs.pause.resume' : 'dialogs.pause.pause'),
  icon: Pause,
  kubectl: ({ spec }) => ({ verb: spec?.paused ? 'resume' : 'pause' }),
  enabled: (object, access) => mayOr(access, 'patch', object),
  async run(object, { cluster, say }) {
    const paused = !object.spec?.paused
    await cluster.pause(object, paused)
    say(t(paused ? 'dialogs.pause.paused' : 'dialogs.pause.resumed', { name: object.metadata.name }))
  },
}
