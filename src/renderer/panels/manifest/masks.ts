import { StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view'
import { isMap } from 'yaml'
import type { Manifest } from './documents.ts'
import { spanOf, type Span } from './fields.ts'

const setMasks = StateEffect.define<readonly Span[]>()
const mask = Decoration.mark({ class: 'cm-masked' })
const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    const set = transaction.effects.find((effect) => effect.is(setMasks))
    if (!set) return shown.map(transaction.changes)
    const { length } = transaction.state.doc
    const spans = set.value.filter(({ from, to }) => from < to && to <= length)
    return Decoration.set(
      spans.map(({ from, to }) => mask.range(from, to)),
      true,
    )
  },
  provide: (own) => EditorView.decorations.from(own),
})

/** The editor can draw parts of the text as dots, but on the line of the cursor. */
export const masks: Extension = field

export const showMasks = (view: EditorView, spans: readonly Span[]): void =>
  view.dispatch({ effects: setMasks.of(spans) })

/** Where the values of a Secret are in the text. */
export function secretSpans({ object, document, at }: Manifest): Span[] {
  if (object.kind !== 'Secret') return []
  return ['data', 'stringData'].flatMap((key) => {
    const values = document.getIn([...at, key], true)
    return isMap(values) ? values.items.flatMap(({ value }) => spanOf(value) ?? []) : []
  })
}
