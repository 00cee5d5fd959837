import { Trash2 } from '@lucide/vue'
import type { Stored } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import { mayOr, type Action, type ActionKind } from './action.ts'
import { consequencesOf } from './consequences.ts'

export const remove: Action = {
  id: 'delete',
  label: 'Delete',
  labelOf: () => t('dialogs.delete.label'),
  icon: Trash2,
  danger: true,
  kubectl: () => ({ verb: 'delete' }),
  enabled: (object, access) => mayOr(access, 'delete', object),
  async run(object, { kind, cluster, dialogs, placeOf, colour, kubectl, say }) {
    const { name } = object.metadata
    const { lines, isFarReaching: asksName } = await consequencesOf(kind, object, cluster)
    dialogs.confirm({
      title: t('dialogs.delete.title', { kind: kind.resource.kind, name }),
      where: { place: placeOf(object), colour },
      text: lines.join('\n'),
      verb: t('dialogs.delete.verb', { name, place: placeOf(object) }),
      kubectl: kubectl(object, { verb: 'delete' }),
      typed: asksName ? name : undefined,
      async act() {
        await cluster.remove(kind.resource, object)
        say(t('dialogs.delete.done', { name }))
      },
    })
  },
}

/** `3 Pods`, or `Pod web`. */
export function countText(kind: ActionKind, objects: readonly Stored[]): string {
  const [only] = objects
  return objects.length === 1 && only
    ? `${kind.resource.kind} ${only.metadata.name}`
    : `${objects.length} ${kind.title}`
}
