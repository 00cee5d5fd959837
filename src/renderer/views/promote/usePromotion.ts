import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import { asStored } from '#shared/kube/object.ts'
import { useApi } from '../../api/index.ts'
import { placeText } from '../../composables/target.ts'
import { createApplier } from '../../panels/manifest/apply.ts'
import type { Planned } from '../../promote/lacks.ts'
import { objectsOf } from '../../promote/outlook.ts'
import { effectOf, manager, type Written } from '../../promote/plan.ts'
import { rollBack, touchedSince } from '../../promote/roll-back.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useDialogs } from '../../stores/dialogs.ts'
import { useNotices } from '../../stores/notices.ts'
import { usePromotions, type Promotion } from '../../stores/promotions.ts'
import { useSettings } from '../../stores/settings.ts'
import { listText } from '../../texts/format.ts'
import { t } from '../../texts/index.ts'

export interface Promote {
  busy: Ref<boolean>
  /** The last one to the place. */
  last: ComputedRef<Promotion | undefined>
  /** Applies one after the other, and ends at the first that is refused. @param force takes over fields that others own */
  run(planned: readonly Planned[], force: boolean): Promise<void>
  /** Asks, and puts back what was there. */
  undo(): Promise<void>
}

/** Applies a plan to the target, and takes it back. @param changed called after the target was written to */
export function usePromotion(
  place: () => { context: string; namespace: string },
  changed: () => Promise<void>,
): Promote {
  const api = useApi()
  const clusters = useClusters()
  const dialogs = useDialogs()
  const notices = useNotices()
  const promotions = usePromotions()
  const settings = useSettings()
  const busy = ref(false)
  const last = computed(() => promotions.lastTo(place().context, place().namespace))
  const textOf = ({ context, namespace }: { context: string; namespace: string }): string =>
    placeText(clusters.labelOf(context), namespace)

  async function run(planned: readonly Planned[], force: boolean): Promise<void> {
    if (busy.value) return
    busy.value = true
    const { context, namespace } = place()
    const applier = createApplier(api.cluster(context).client.transport, manager)
    const written: Written[] = []
    let failed: Promotion['failed']
    for (const each of planned) {
      try {
        const { before, result } = await applier.apply(each.body, { namespace, force })
        const { namespaced } = each.resource
        const after = asStored(result, namespaced)
        written.push({ ...each, after, before: before && asStored(before, namespaced) })
      } catch (error) {
        failed = { name: `${each.body.kind ?? ''} ${each.body.metadata.name ?? ''}`, reason: messageOf(error) }
        break
      }
    }
    promotions.keep(context, namespace, { at: Date.now(), written, wanted: objectsOf(planned).length, failed })
    await changed().catch(notices.fail)
    busy.value = false
  }

  async function undo(): Promise<void> {
    const where = place()
    const promotion = promotions.lastTo(where.context, where.namespace)
    if (!promotion || busy.value) return
    const { client } = api.cluster(where.context)
    const { written } = promotion
    let touched: Written[]
    try {
      touched = await touchedSince(client, written)
    } catch (error) {
      notices.fail(error)
      return
    }
    dialogs.confirm({
      title: t('promote.undo.title'),
      text: undoText(written, touched),
      where: { place: textOf(where), colour: settings.colourOf(where.context) },
      verb: t('promote.undo.verb', { place: textOf(where) }),
      async act() {
        // The other way round: workloads go before what they need.
        for (const each of [...written].reverse()) {
          await rollBack(client, each)
          const rest = promotions.lastTo(where.context, where.namespace)?.written.filter((other) => other !== each)
          promotions.keep(where.context, where.namespace, { ...promotion, written: rest ?? [] })
        }
        promotions.forget(where.context, where.namespace)
        notices.say(t('promote.undo.done', { place: textOf(where) }))
        await changed()
      },
    })
  }
  return { busy, last, run, undo }
}

/** What undoing does, and what would be lost by it. */
function undoText(written: readonly Written[], touched: readonly Written[]): string {
  const created = written.filter(({ before }) => !before)
  const objects = objectsOf(created)
  const changed = written.filter(({ before, after }) => effectOf(before, after).is === 'changed')
  const nameOf = ({ body: { kind = '', metadata } }: Written): string => `${kind} ${metadata.name ?? ''}`
  return [
    changed.length > 0 ? t('promote.undo.changed', { n: changed.length }) : '',
    objects.length > 0 ? t('promote.undo.created', { n: objects.length }) : '',
    created.some(({ body }) => body.kind === 'PersistentVolumeClaim') ? t('promote.undo.claims') : '',
    created.some(({ body }) => body.kind === 'Namespace') ? t('promote.undo.namespace') : '',
    touched.length > 0 ? t('promote.undo.touched', { names: listText(touched.map(nameOf)) }) : '',
  ]
    .filter(Boolean)
    .join('\n\n')
}
