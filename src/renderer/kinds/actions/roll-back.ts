import { History } from '@lucide/vue'
import { h } from 'vue'
import type { Deployment } from '#shared/kube/generated/types.ts'
import RollBackDialog from '../../components/RollBackDialog.vue'
import { t } from '../../texts/index.ts'
import { revisionsOf, templateText } from '../apps/revisions.ts'
import { mayOr, type Action } from './action.ts'

export const rollBack: Action<Deployment> = {
  id: 'roll-back',
  label: 'Roll back',
  labelOf: () => t('dialogs.rollBack.label'),
  icon: History,
  enabled: (object, access) => mayOr(access, 'patch', object),
  async run(object, { cluster, dialogs, placeOf, say }) {
    const [, ...earlier] = revisionsOf(object.metadata.uid, await cluster.replicaSets(object))
    const { name } = object.metadata
    dialogs.show((close) =>
      h(RollBackDialog, {
        name,
        place: placeOf(object),
        current: templateText(object.spec?.template),
        revisions: earlier.map(({ number, set, ...rest }) => ({
          ...rest,
          revision: number,
          template: templateText(set.spec?.template),
        })),
        async rollBack(revision: number) {
          const chosen = earlier.find((each) => each.number === revision)
          if (!chosen) return
          await cluster.rollBack(object, chosen.set)
          say(t('dialogs.rollBack.done', { name, revision: String(revision) }))
        },
        onClose: close,
      }),
    )
  },
}
