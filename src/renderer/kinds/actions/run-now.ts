import { Play } from '@lucide/vue'
import type { CronJob } from '#shared/kube/generated/types.ts'
import { jobs } from '#shared/kube/resources.ts'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

/** Starts a Job of a CronJob now, whatever its schedule says. */
export const runNow: Action<CronJob> = {
  id: 'run-now',
  label: 'Run now',
  labelOf: () => t('dialogs.runNow.label'),
  icon: Play,
  enabled: (object, access) => mayOr(access, 'create', object, { resource: jobs }),
  run(object, { cluster, dialogs, placeOf, colour, kubectl, say }) {
    const { name } = object.metadata
    // Names of Jobs may have 63 characters: pods carry them as a label.
    const job = `${name.slice(0, 50)}-manual-${Date.now().toString(36).slice(-4)}`
    dialogs.confirm({
      title: t('dialogs.runNow.title', { name }),
      where: { place: placeOf(object), colour },
      text: t('dialogs.runNow.text', { job }),
      verb: t('dialogs.runNow.verb', { name, place: placeOf(object) }),
      gentle: true,
      kubectl: kubectl(object, { verb: 'create-job', name: job }),
      async act() {
        await cluster.runNow(object, job)
        say(t('dialogs.runNow.done', { job }))
      },
    })
  },
}
