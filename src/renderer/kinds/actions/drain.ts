import { LogOut } from '@lucide/vue'
import { h } from 'vue'
import type { Node } from '#shared/kube/generated/types.ts'
import type { DrainChoice, DrainRow } from '../../composables/drain-plan.ts'
import type { DrainRun } from '../../composables/useActions.ts'
import DrainDialog from '../../components/DrainDialog.vue'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

export const drain: Action<Node> = {
  id: 'drain',
  label: 'Drain',
  labelOf: () => t('dialogs.drain.label'),
  icon: LogOut,
  kubectl: () => ({ verb: 'drain' }),
  enabled: (node, access) => mayOr(access, 'patch', node),
  run(node, { cluster, dialogs, placeOf, colour, kubectl, say }) {
    const { name } = node.metadata
    dialogs.show((close) =>
      h(DrainDialog, {
        name,
        place: placeOf(node),
        colour,
        kubectl: (choice: DrainChoice) => kubectl(node, { verb: 'drain', ...choice }),
        load: () => cluster.planDrain(node),
        async drain(rows: readonly DrainRow[], run: DrainRun) {
          await cluster.drain(
            node,
            rows.map(({ pod }) => pod),
            run,
          )
          say(t('dialogs.drain.done', { name, n: rows.length }))
        },
        onClose: close,
      }),
    )
  },
}
