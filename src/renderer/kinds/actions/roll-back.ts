import { History } from '@lucide/vue'
import { h } from 'vue'
import type { Deployment } from '#shared/kube/generated/types.ts'
import RollBackDialog from '../../components/RollBackDialog.vue'
import { images } from '../cells.ts'
import { mayOr, type Action } from './action.ts'

export const rollBack: Action<Deployment> = {
  id: 'roll-back',
  label: 'Roll back',
  icon: History,
  enabled: (object, access) => mayOr(access, 'patch', object),
  async run(object, { cluster, dialogs, placeOf, say }) {
    const [, ...earlier] = await cluster.revisions(object)
    const { name } = object.metadata
    dialogs.show((close) =>
      h(RollBackDialog, {
        name,
        place: placeOf(object),
        revisions: earlier.map(({ revision, set }) => ({ revision, images: images(set.spec?.template) })),
        async rollBack(revision: number) {
          const chosen = earlier.find((each) => each.revision === revision)
          if (!chosen) return
          await cluster.rollBack(object, chosen.set)
          say(`${name} rolled back to revision ${revision}`)
        },
        onClose: close,
      }),
    )
  },
}
