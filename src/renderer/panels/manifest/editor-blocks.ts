import { StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, EditorView, WidgetType, type DecorationSet } from '@codemirror/view'

/** Something that stands between two lines of the text; the page fills its element. */
export interface Block {
  /** It stands above the line of this offset. */
  at: number
  element: HTMLElement
}

class BlockWidget extends WidgetType {
  readonly element: HTMLElement

  constructor(element: HTMLElement) {
    super()
    this.element = element
  }

  override eq(other: BlockWidget): boolean {
    return other.element === this.element
  }

  toDOM(): HTMLElement {
    return this.element
  }

  override get estimatedHeight(): number {
    return 104
  }

  override ignoreEvent(): boolean {
    return true
  }

  /** The page owns the element. */
  override destroy(): void {
    this.element.remove()
  }
}

const setBlocks = StateEffect.define<readonly Block[]>()
const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    const set = transaction.effects.find((effect) => effect.is(setBlocks))
    if (!set) return shown.map(transaction.changes)
    const { doc } = transaction.state
    const widgets = set.value.map(({ at, element }) =>
      Decoration.widget({ widget: new BlockWidget(element), block: true, side: -1 }).range(
        doc.lineAt(Math.min(at, doc.length)).from,
      ),
    )
    return Decoration.set(widgets, true)
  },
  provide: (own) => EditorView.decorations.from(own),
})

/** The editor can show blocks. */
export const blocks: Extension = field

export const showBlocks = (view: EditorView, shown: readonly Block[]): void =>
  view.dispatch({ effects: setBlocks.of(shown) })
