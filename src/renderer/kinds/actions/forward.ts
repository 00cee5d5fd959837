import { ArrowRightLeft } from '@lucide/vue'
import { h } from 'vue'
import ForwardDialog from '../../forwards/ForwardDialog.vue'
import { forwardKindOf } from '../../forwards/ports.ts'
import { t } from '../../texts/index.ts'
import { allOr, mayOr, type Action } from './action.ts'
import { answersOr } from './running.ts'

/** Opens a port of this machine to the object's pods. */
export const forward: Action = {
  id: 'forward',
  get label() {
    return t('forwards.actions.forward')
  },
  icon: ArrowRightLeft,
  reads: true,
  enabled: (object, access) =>
    allOr(
      access.plural === 'pods' ? mayOr(access, 'create', object, { subresource: 'portforward' }) : true,
      answersOr(access.plural, object),
    ),
  run(object, { context, kind, dialogs, placeOf }) {
    const forwarded = forwardKindOf(kind.resource)
    if (!forwarded) return
    dialogs.show((close) =>
      h(ForwardDialog, { context, place: placeOf(object), kind: forwarded, object, onClose: close }),
    )
  },
}
