import { autocompletion, closeBrackets, completionKeymap, type CompletionSource } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { linter, lintGutter, type Diagnostic } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'

/** Colours of YAML in both themes. */
const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--ink)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--done)' },
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
  { tag: [tags.meta, tags.separator], color: 'var(--warn)' },
])

export const look: Extension = [
  EditorView.theme({
    '&': { height: '100%', fontSize: '12px', backgroundColor: 'var(--surface)', color: 'var(--ink)' },
    '.cm-scroller': { fontFamily: 'var(--font-mono)' },
    '.cm-gutters': { backgroundColor: 'var(--canvas)', color: 'var(--quiet)', border: 'none' },
    '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--selected) 45%, transparent)' },
    '.cm-cursor': { borderLeftColor: 'var(--ink)' },
    '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--selected)' },
    '.cm-collapsedLines': { background: 'var(--canvas)', color: 'var(--muted)', fontFamily: 'var(--font-sans)' },
    '.cm-collapsedLines::before, .cm-collapsedLines::after': { content: '"⋯"' },
    '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--ink)', border: '1px solid var(--line)' },
  }),
  syntaxHighlighting(highlight),
  EditorView.lineWrapping,
]

export interface EditorOptions {
  parent: HTMLElement
  text: string
  label: string
  onChange(text: string): void
  /** Ctrl+Enter. */
  onSubmit(): void
  complete: CompletionSource
  check(text: string): { message: string; line: number; severity?: 'error' | 'warning' }[]
}

/** A YAML editor with completion, checks, search and undo. */
export function createEditor({ parent, text, label, onChange, onSubmit, complete, check }: EditorOptions): EditorView {
  const diagnostics = ({ state }: EditorView): Diagnostic[] =>
    check(state.doc.toString()).map(({ message, line, severity = 'error' }) => {
      const at = state.doc.line(Math.max(1, Math.min(line, state.doc.lines)))
      return { from: at.from, to: at.to, message, severity }
    })
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([{ key: 'Ctrl-Enter', mac: 'Cmd-Enter', run: () => (onSubmit(), true) }]),
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        closeBrackets(),
        indentUnit.of('  '),
        yaml(),
        autocompletion({ override: [complete], icons: false }),
        linter(diagnostics, { delay: 400 }),
        lintGutter(),
        keymap.of([...completionKeymap, ...searchKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString())
        }),
        look,
      ],
    }),
  })
}
