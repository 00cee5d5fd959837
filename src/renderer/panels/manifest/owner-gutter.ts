import { StateEffect, StateField, type Extension } from '@codemirror/state'
import { gutter, GutterMarker, type BlockInfo, type EditorView, type ViewUpdate } from '@codemirror/view'

/** What stands beside a line: who owns it, in which of the eight colours. */
export interface LineMark {
  label: string
  colour: string
  title: string
}

const setMarks = StateEffect.define<ReadonlyMap<number, LineMark>>()
const marks = StateField.define<ReadonlyMap<number, LineMark>>({
  create: () => new Map(),
  update(shown, { effects, changes, startState, newDoc, docChanged }) {
    const set = effects.find((effect) => effect.is(setMarks))
    if (set) return set.value
    if (!docChanged) return shown
    // Until the text can be read again, marks go with their lines.
    const lineNow = (line: number): number =>
      newDoc.lineAt(changes.mapPos(startState.doc.line(Math.min(line, startState.doc.lines)).from, 1)).number
    return new Map([...shown].map(([line, mark]) => [lineNow(line), mark]))
  },
})

class Marker extends GutterMarker {
  readonly mark: LineMark
  readonly part: 'name' | 'bar'

  constructor(mark: LineMark, part: 'name' | 'bar') {
    super()
    this.mark = mark
    this.part = part
    this.elementClass = `ctx-${mark.colour}`
  }

  override eq(other: Marker): boolean {
    return other.mark.label === this.mark.label && other.mark.title === this.mark.title && other.part === this.part
  }

  override toDOM(): Node {
    const made = document.createElement('span')
    made.title = this.mark.title
    if (this.part === 'name') made.textContent = this.mark.label
    return made
  }
}

const lineOf = (view: EditorView, block: BlockInfo): number => view.state.doc.lineAt(block.from).number
const changed = ({ startState, state }: ViewUpdate): boolean => startState.field(marks) !== state.field(marks)

function name(view: EditorView, block: BlockInfo): GutterMarker | null {
  const all = view.state.field(marks)
  const line = lineOf(view, block)
  const mark = all.get(line)
  return mark && all.get(line - 1)?.label !== mark.label ? new Marker(mark, 'name') : null
}

function bar(view: EditorView, block: BlockInfo): GutterMarker | null {
  const mark = view.state.field(marks).get(lineOf(view, block))
  return mark ? new Marker(mark, 'bar') : null
}

/** The name of a field's owner where its lines begin, and a bar along them. Without marks it takes no room. */
export const ownerGutter: Extension = [
  marks,
  gutter({ class: 'cm-owner-names', lineMarker: name, lineMarkerChange: changed }),
  gutter({ class: 'cm-owner-bar', lineMarker: bar, lineMarkerChange: changed }),
]

export const showMarks = (view: EditorView, shown: ReadonlyMap<number, LineMark>): void =>
  view.dispatch({ effects: setMarks.of(shown) })
