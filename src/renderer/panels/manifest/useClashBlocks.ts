import { nextTick, shallowRef, watch, type ShallowRef } from 'vue'
import { showBlocks } from './editor-blocks.ts'
import { goTo } from './editor.ts'
import { locate } from './fields.ts'
import type { ManifestEditor } from './useManifestEditor.ts'
import type { MergeState, OpenClash } from './useMerge.ts'

/** The fields in conflict as blocks between the lines of the text, each with an element to fill. */
export function useClashBlocks(
  editor: ManifestEditor,
  merge: MergeState,
): {
  shown: ShallowRef<readonly { clash: OpenClash; element: HTMLElement }[]>
  /** To the next field that is not chosen yet. @returns whether there is one */
  next(step: 1 | -1): boolean
} {
  const { view, manifests } = editor
  const elements = new Map<string, HTMLElement>()
  const shown = shallowRef<readonly { clash: OpenClash; element: HTMLElement }[]>([])

  function placeOf({ path }: OpenClash): number {
    const [manifest] = manifests.value
    return manifest ? locate(manifest.document, [...manifest.at, ...path]).whole.from : 0
  }
  function elementOf(id: string): HTMLElement {
    const known = elements.get(id)
    if (known) return known
    const made = document.createElement('div')
    made.className = 'cm-blocks'
    made.contentEditable = 'false'
    elements.set(id, made)
    return made
  }
  watch(
    [merge.clashes, manifests, view],
    () => {
      const at = view.value
      // They stay where they are while the text cannot be read.
      if (!at || (manifests.value.length === 0 && merge.clashes.value.length > 0)) return
      const all = [...merge.clashes.value].sort((a, b) => placeOf(a) - placeOf(b))
      shown.value = all.map((clash) => ({ clash, element: elementOf(clash.id) }))
      showBlocks(
        at,
        all.map((clash) => ({ at: placeOf(clash), element: elementOf(clash.id) })),
      )
      void nextTick(() => at.requestMeasure())
    },
    { flush: 'post' },
  )
  watch(merge.open, (now, before) => {
    if (now > before) void nextTick(() => next(1, true))
  })

  function next(step: 1 | -1, first = false): boolean {
    const at = view.value
    const open = shown.value.filter(({ clash }) => clash.choice === undefined)
    if (!at || open.length === 0) return false
    const places = open.map(({ clash }) => placeOf(clash))
    const cursor = first ? -1 : at.state.selection.main.head
    const later = step === 1 ? places.find((place) => place > cursor) : places.findLast((place) => place < cursor)
    goTo(at, later ?? (step === 1 ? places[0] : places.at(-1)) ?? 0)
    return true
  }
  return { shown, next }
}
