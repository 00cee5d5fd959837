import { CirclePause } from '@lucide/vue'
import type { KubeObject } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import { allOr, mayOr, type Action } from './action.ts'

type Suspendable = KubeObject & {
  spec?: { suspend?: boolean }
  /** A CronJob has no conditions: it never ends. */
  status?: { conditions?: { type: string; status: string }[]; lastScheduleTime?: string }
}

/** A Job that has ended starts no more pods. */
const goesOnOr = ({ status }: Suspendable): true | string =>
  status?.conditions?.some(({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'))
    ? t('dialogs.suspend.ended')
    : true

/** Suspends a Job or a CronJob, or resumes it. */
export const suspend: Action<Suspendable> = {
  id: 'suspend',
  label: 'Suspend',
  labelOf: ({ spec }) => t(spec?.suspend ? 'dialogs.suspend.resume' : 'dialogs.suspend.suspend'),
  icon: CirclePause,
  enabled: (object, access) => allOr(mayOr(access, 'patch', object), goesOnOr(object)),
  async run(object, { kind, cluster, say }) {
    const wanted = !object.spec?.suspend
    await cluster.suspend(kind.resource, object, wanted)
    say(t(wanted ? 'dialogs.suspend.suspended' : 'dialogs.suspend.resumed', { name: object.metadata.name }))
  },
}
