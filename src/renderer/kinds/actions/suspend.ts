import { CirclePause } from '@lucide/vue'
import type { KubeObject } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

/** Suspends a Job or a CronJob, or resumes it. */
export const suspend: Action<KubeObject & { spec?: { suspend?: boolean } }> = {
  id: 'suspend',
  label: 'Suspend',
  labelOf: ({ spec }) => t(spec?.suspend ? 'dialogs.suspend.resume' : 'dialogs.suspend.suspend'),
  icon: CirclePause,
  enabled: (object, access) => mayOr(access, 'patch', object),
  async run(object, { kind, cluster, say }) {
    const wanted = !object.spec?.suspend
    await cluster.suspend(kind.resource, object, wanted)
    say(t(wanted ? 'dialogs.suspend.suspended' : 'dialogs.suspend.resumed', { name: object.metadata.name }))
  },
}
