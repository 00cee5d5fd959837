import { Monitor } from '@lucide/vue'
import { h } from 'vue'
import type { Service } from '#shared/kube/generated/types.ts'
import { takeoverOf, takeRefusal } from '#shared/kube/takeover.ts'
import { latePart } from '../../components/late-part.ts'
import { t, withTexts } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

const TakeDialog = latePart(withTexts(['loop'], () => import('../../loop/TakeDialog.vue')))

/** Has the traffic of a Service go to a port of this machine; of one whose traffic does, gives it back. */
export const take: Action<Service> = {
  id: 'take',
  get label() {
    return t('loop.take.label')
  },
  labelOf: (object) => t(takeoverOf(object) ? 'loop.take.giveBack' : 'loop.take.label'),
  icon: Monitor,
  onMachine: true,
  enabled(object, access) {
    const refusal = takeRefusal(object)
    if (refusal !== undefined && refusal !== 'taken') return t(`loop.take.refusals.${refusal}`)
    return mayOr(access, 'patch', object)
  },
  async run(object, { context, back, dialogs, placeOf, colour, say }) {
    const { name, namespace = '' } = object.metadata
    if (takeoverOf(object)) {
      await back.takeovers.giveBack({ context, namespace, name })
      say(t('loop.take.givenBack', { name }))
      return
    }
    dialogs.show((close) =>
      h(TakeDialog, {
        context,
        service: object,
        place: placeOf(object),
        colour,
        onTaken: () => say(t('loop.take.done', { name })),
        onClose: close,
      }),
    )
  },
}
