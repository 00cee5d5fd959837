import { autocompletion, closeBrackets, completionKeymap, type CompletionSource } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { codeFolding, foldEffect, foldGutter, foldKeymap, indentUnit } from '@codemirror/language'
import { lintGutter, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { t } from '../../texts/index.ts'
import { appliedRange } from './applied-range.ts'
import { blocks } from './editor-blocks.ts'
import { look } from './editor-look.ts'
import { masks } from './masks.ts'
import { ownerGutter } from './owner-gutter.ts'
import type { Problem } from './problems.ts'
import { specialCharacters } from './special-characters.ts'

export interface EditorOptions {
  parent: HTMLElement
  text: string
  label: string
  onChange(text: string): void
  /** Ctrl+Enter. */
  onSubmit(): void
  /** F8, and Shift+F8: to the next or the previous thing that is open. */
  onNext(step: 1 | -1): void
  complete: CompletionSource
  /** Who owns the fields is told beside their lines. */
  owners?: boolean | undefined
  /** What is known of the field at an offset. */
  docs(text: string, offset: number): { from: number; to: number; card(): HTMLElement } | undefined
}

/** A YAML editor with completion, docs, folding, search and undo. Escape, then Tab leaves it by the keyboard. */
export function createEditor(options: EditorOptions): EditorView {
  const { parent, text, label, onChange, onSubmit, onNext, complete, docs, owners = false } = options
  const own = [
    { key: 'Ctrl-Enter', mac: 'Cmd-Enter', run: () => (onSubmit(), true) },
    { key: 'F8', run: () => (onNext(1), true), shift: () => (onNext(-1), true) },
  ]
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of(own),
        EditorState.phrases.of(phrases()),
        ...(owners ? [ownerGutter] : []),
        lintGutter(),
        lineNumbers(),
        foldGutter({ openText: '⌄', closedText: '›' }),
        codeFolding({ placeholderText: '…' }),
        history(),
        drawSelection(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        search({ top: true }),
        closeBrackets(),
        indentUnit.of('  '),
        yaml(),
        autocompletion({ override: [complete], icons: false, defaultKeymap: true }),
        hoverTooltip((view, offset) => {
          const found = docs(view.state.doc.toString(), offset)
          return found ? { pos: found.from, end: found.to, above: true, create: () => ({ dom: found.card() }) } : null
        }),
        blocks,
        masks,
        specialCharacters,
        keymap.of([
          ...completionKeymap,
          ...searchKeymap,
          ...foldKeymap,
          ...historyKeymap,
          indentWithTab,
          ...defaultKeymap,
        ]),
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString())
        }),
        EditorView.lineWrapping,
        look,
      ],
    }),
  })
  foldApplied(view)
  return view
}

/** What kubectl keeps for itself is a page of JSON above all that is looked for: it is folded until it is asked for. */
function foldApplied(view: EditorView): void {
  const range = appliedRange(view.state.doc.toString())
  if (range) view.dispatch({ effects: foldEffect.of(range) })
}

/** Puts another text in place of all; one undo brings back the one before. */
export function replaceAll(view: EditorView, text: string): void {
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: text },
    annotations: isolateHistory.of('full'),
  })
  foldApplied(view)
}

/** Marks the problems in the text and beside its lines. */
export function showProblems(view: EditorView, problems: readonly Problem[]): void {
  const { length } = view.state.doc
  const diagnostics = problems.map(({ from, to, severity, message, source }) => ({
    from: Math.min(from, length),
    to: Math.min(Math.max(from, to), length),
    ...{ severity, message, source: t(`editor.source.${source}`) },
  }))
  view.dispatch(setDiagnostics(view.state, diagnostics))
}

/** Puts the cursor somewhere and shows it. */
export function goTo(view: EditorView, offset: number): void {
  const anchor = Math.min(offset, view.state.doc.length)
  view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) })
  view.focus()
}

/** CodeMirror's own words. */
const phrases = (): Record<string, string> => ({
  Find: t('editor.find.find'),
  Replace: t('editor.find.replaceWith'),
  next: t('editor.find.next'),
  previous: t('editor.find.previous'),
  all: t('editor.find.all'),
  'match case': t('editor.find.case'),
  regexp: t('editor.find.regexp'),
  'by word': t('editor.find.word'),
  replace: t('editor.find.replace'),
  'replace all': t('editor.find.replaceAll'),
  close: t('base.close'),
  'Go to line': t('editor.find.line'),
  go: t('editor.find.go'),
  'current match': t('editor.find.current'),
  'Fold line': t('editor.fold'),
  'Unfold line': t('editor.unfold'),
  'Folded lines': t('editor.folded'),
  'Unfolded lines': t('editor.unfolded'),
  unfold: t('editor.unfold'),
  Completions: t('editor.completions'),
  Diagnostics: t('editor.problems.title'),
  'No diagnostics': t('editor.problems.none'),
})
