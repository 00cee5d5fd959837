import type { Shortcuts } from '../composables/useShortcuts.ts'
import { meansKind, useYours } from '../stores/yours.ts'
import type { Resource } from '#shared/kube/resources.ts'

/** Keys of the user's own that open lists. @param open what opens the list of a kind */
export function useOwnListKeys(kinds: () => readonly { resource: Resource }[], open: (resource: Resource) => void) {
  const yours = useYours()
  return (): Shortcuts =>
    Object.fromEntries(
      (yours.inForce.shortcuts ?? []).map(({ keys, list }) => [
        keys,
        () => {
          const found = kinds().find(({ resource }) => meansKind(list, resource))
          if (found) open(found.resource)
        },
      ]),
    )
}

/** Keys of the user's own actions. @param press what runs the action that has a key */
export function useOwnActionKeys(press: (key: string) => void): () => Shortcuts {
  const yours = useYours()
  return () =>
    Object.fromEntries(
      (yours.inForce.actions ?? []).flatMap(({ keys }) => (keys === undefined ? [] : [[keys, () => press(keys)]])),
    )
}
