import { Trash2 } from '@lucide/vue'
import type { Stored } from '#shared/kube/object.ts'
import { mayOr, type Action, type ActionKind } from './action.ts'

export const remove: Action = {
  id: 'delete',
  label: 'Delete',
  icon: Trash2,
  danger: true,
  enabled: (object, access) => mayOr(access, 'delete', object),
  run(object, { kind, cluster, dialogs, placeOf, say }) {
    const { name } = object.metadata
    dialogs.confirm({
      title: `Delete ${kind.resource.kind} ${name}?`,
      text: `In ${placeOf(object)}.`,
      verb: `Delete ${name} in ${placeOf(object)}`,
      typed: isFarReaching(kind) ? name : undefined,
      async act() {
        await cluster.remove(kind.resource, object)
        say(`${name} deleted`)
      },
    })
  },
}

/** Deleting one of these takes much else with it: its name has to be typed. */
export const isFarReaching = ({ resource: { group, kind } }: ActionKind): boolean =>
  group === '' && (kind === 'Namespace' || kind === 'Node')

/** `3 Pods`, or `Pod web`. */
export function countText(kind: ActionKind, objects: readonly Stored[]): string {
  const [only] = objects
  return objects.length === 1 && only
    ? `${kind.resource.kind} ${only.metadata.name}`
    : `${objects.length} ${kind.title}`
}
