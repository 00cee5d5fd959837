import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--c-key)' },
  { tag: tags.string, color: 'var(--c-str)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--c-num)' },
  { tag: tags.comment, color: 'var(--c-com)' },
  { tag: [tags.meta, tags.separator], color: 'var(--muted)' },
])

/** The shapes of bad and of warn, as everywhere in the window. */
const shape = (paths: string): string =>
  `url("data:image/svg+xml,${encodeURIComponent(`<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='#000' stroke-width='1.6' stroke-linecap='round' stroke-linejoin='round'>${paths}</svg>`)}") center / contain no-repeat`
const triangle = shape("<path d='M8 2 14.5 13.5h-13z'/><path d='M8 6.3v3.2M8 11.5h.01'/>")
const dashedRing = shape("<circle cx='8' cy='8' r='6' stroke-dasharray='3.1 2.2'/><path d='M8 5v3.4M8 10.9h.01'/>")

const card = {
  backgroundColor: 'var(--raised)',
  color: 'var(--ink)',
  border: '0',
  borderRadius: '8px',
  boxShadow: 'var(--shadow-2)',
}
const small = { fontFamily: 'var(--font-sans)', fontSize: '12px', lineHeight: '17px' }

/** The editor in the colours of the theme, whatever the theme is: text, gutters, find bar, completion, docs. */
export const look: Extension = [
  EditorView.theme({
    '&': { height: '100%', fontSize: '12px', backgroundColor: 'var(--surface)', color: 'var(--ink)' },
    '&.cm-focused': { outline: 'none' },
    // Above the gutters, which would cover an outline.
    '&.cm-focused::after': {
      ...{ content: '""', position: 'absolute', inset: '0', border: '2px solid var(--accent)' },
      ...{ pointerEvents: 'none', zIndex: '250' },
    },
    '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px' },
    '.cm-content': { padding: '6px 0' },
    '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--quiet)', border: 'none' },
    '.cm-lineNumbers .cm-gutterElement': { minWidth: '30px', padding: '0 4px 0 2px' },
    '.cm-gutter-lint': { width: '18px' },
    '.cm-gutter-lint .cm-gutterElement': { padding: '3px 2px' },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
    '.cm-specialChar': { color: 'var(--warn)' },
    '.cm-cursor': { borderLeftColor: 'var(--ink)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
      backgroundColor: 'var(--selected)',
    },
    '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--mark) 60%, transparent)' },
    '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selected)' },
    '.cm-searchMatch': { backgroundColor: 'var(--mark)', color: 'var(--ink)' },
    '.cm-searchMatch-selected': { outline: '1px solid var(--accent)' },
    '.cm-foldGutter .cm-gutterElement': { width: '12px', color: 'var(--quiet)', cursor: 'pointer' },
    '.cm-foldPlaceholder': {
      ...{ backgroundColor: 'var(--sunken)', border: '1px solid var(--line)', color: 'var(--muted)' },
      ...{ padding: '0 6px', borderRadius: '4px' },
    },
    '.cm-collapsedLines': { background: 'var(--sunken)', color: 'var(--muted)', fontFamily: 'var(--font-sans)' },
    '.cm-tooltip': card,
    '.cm-tooltip-hover': { ...small, maxWidth: '420px' },
    '.cm-tooltip .schema-docs, .cm-completionInfo .schema-docs': { ...small, display: 'grid', gap: '4px' },
    '.cm-tooltip-hover .schema-docs': { padding: '8px 10px', maxHeight: '240px', overflow: 'auto' },
    '.schema-docs p': { margin: '0', whiteSpace: 'pre-line', overflowWrap: 'anywhere', color: 'var(--muted)' },
    '.schema-docs .schema-docs-head': {
      display: 'flex',
      flexWrap: 'wrap',
      gap: '6px',
      alignItems: 'center',
      color: 'var(--ink)',
    },
    '.schema-docs-head b': { fontFamily: 'var(--font-mono)' },
    // 178 px of names and 292 px of docs.
    '.cm-tooltip.cm-tooltip-autocomplete > ul': {
      ...{ width: '178px', minWidth: '178px', maxHeight: '208px', padding: '4px' },
      ...{ fontFamily: 'var(--font-mono)', scrollbarWidth: 'thin' },
    },
    '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
      ...{ display: 'flex', alignItems: 'center', gap: '6px', height: '24px', padding: '0 8px' },
      ...{ borderRadius: '4px', fontSize: '12px', color: 'var(--ink)' },
    },
    '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
      ...{ backgroundColor: 'var(--selected)', color: 'var(--ink)' },
    },
    '.cm-completionLabel': { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
    '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600' },
    '.cm-completionDetail': {
      ...{ marginLeft: 'auto', fontStyle: 'normal', fontFamily: 'var(--font-sans)' },
      ...{ fontSize: '11px', color: 'var(--quiet)' },
    },
    '.cm-tooltip.cm-completionInfo': {
      ...card,
      ...{ width: '292px', maxWidth: '292px', minHeight: '100%', maxHeight: '216px', overflow: 'auto' },
      ...{ margin: '0', padding: '8px 10px', borderLeft: '1px solid var(--line)' },
      ...{ borderRadius: '0 8px 8px 0', whiteSpace: 'normal' },
    },
    '.cm-tooltip-lint': { ...small, padding: '4px' },
    '.cm-diagnostic': { padding: '2px 8px', border: '0' },
    '.cm-diagnosticSource': { fontSize: '11px', color: 'var(--quiet)', opacity: '1' },
    '.cm-lintRange-error': {
      backgroundImage: 'none',
      textDecoration: 'underline wavy var(--bad) 1px',
      textUnderlineOffset: '3px',
    },
    '.cm-lintRange-warning': {
      backgroundImage: 'none',
      textDecoration: 'underline wavy var(--warn) 1px',
      textUnderlineOffset: '3px',
    },
    '.cm-lint-marker': { width: '13px', height: '13px', mask: triangle },
    '.cm-lint-marker-error': { content: 'normal', backgroundColor: 'var(--bad)' },
    '.cm-lint-marker-warning': { content: 'normal', backgroundColor: 'var(--warn)', mask: dashedRing },
    '.cm-panels': { backgroundColor: 'var(--canvas)', color: 'var(--ink)', ...small },
    '.cm-panels-top': { borderBottom: '1px solid var(--line)' },
    '.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
    '.cm-panel.cm-search': {
      padding: '6px 36px 6px 12px',
      display: 'flex',
      flexWrap: 'wrap',
      gap: '6px',
      alignItems: 'center',
    },
    '.cm-panel.cm-search br': { flexBasis: '100%', height: '0', content: '""' },
    '.cm-panel.cm-search label': {
      display: 'inline-flex',
      gap: '4px',
      alignItems: 'center',
      fontSize: '12px',
      margin: '0',
    },
    '.cm-panel.cm-search input[type=checkbox]': { margin: '0' },
    '.cm-textfield': {
      ...{ height: '24px', margin: '0', padding: '0 8px', fontSize: '12px', color: 'var(--ink)' },
      ...{ backgroundColor: 'var(--surface)', border: '1px solid var(--line-strong)', borderRadius: '6px' },
    },
    '.cm-button': {
      ...{ height: '24px', margin: '0', padding: '0 8px', fontSize: '12px', fontWeight: '500', color: 'var(--ink)' },
      ...{ background: 'var(--surface)', border: '1px solid var(--line)', borderRadius: '6px', cursor: 'pointer' },
    },
    '.cm-button:hover': { backgroundColor: 'var(--hover)', borderColor: 'var(--line-strong)' },
    '.cm-panel.cm-search [name=close]': {
      ...{ top: '6px', right: '8px', width: '24px', height: '24px', fontSize: '16px' },
      ...{ color: 'var(--muted)', cursor: 'pointer' },
    },
    '&:not(.cm-focused) .cm-masked, .cm-line:not(.cm-activeLine) .cm-masked': { '-webkit-text-security': 'disc' },
    // Owners, left of the numbers.
    '.cm-owner-names': { width: '92px' },
    '&.cm-no-owners .cm-owner-names, &.cm-no-owners .cm-owner-bar, &.cm-narrow .cm-owner-names': { display: 'none' },
    '.cm-owner-names .cm-gutterElement': {
      ...{ padding: '0 6px', textAlign: 'right', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
      ...{ fontFamily: 'var(--font-sans)', fontSize: '11px', fontWeight: '500', color: 'var(--ctx, var(--muted))' },
    },
    '.cm-owner-bar': { width: '4px' },
    '.cm-owner-bar .cm-gutterElement': { backgroundColor: 'var(--line)' },
    '.cm-owner-bar .cm-gutterElement > span': {
      ...{ display: 'block', width: '4px', height: '100%', backgroundColor: 'var(--ctx)' },
    },
    '.cm-blocks': { fontFamily: 'var(--font-sans)', whiteSpace: 'normal' },
  }),
  syntaxHighlighting(highlight),
]
