import { CirclePause } from '@lucide/vue'
import type { KubeObject } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import { allOr, mayOr, type Action } from './action.ts'
import { hasJobEnded, type JobEnd } from './running.ts'

type Suspendable = KubeObject & {
  spec?: { suspend?: boolean }
  status?: JobEnd & { lastScheduleTime?: string }
}

/** Suspends a Job or a CronJob, or resumes it. */
export const suspend: Action<Suspendable> = {
  id: 'suspend',
  label: 'Suspend',
  labelOf: ({ spec }) => t(spec?.suspend ? 'dialogs.suspend.resume' : 'dialogs.suspend.suspend'),
  icon: CirclePause,
  enabled: (object, access) =>
    allOr(mayOr(access, 'patch', object), !hasJobEnded(object) || t('dialogs.suspend.ended')),
  async run(object, { kind, cluster, say }) {
    const wanted = !object.spec?.suspend
    await cluster.suspend(kind.resource, object, wanted)
    say(t(wanted ? 'dialogs.suspend.suspended' : 'dialogs.suspend.resumed', { name: object.metadata.name }))
  },
}
