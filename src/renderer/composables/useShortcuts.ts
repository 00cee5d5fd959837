import { computed, onScopeDispose } from 'vue'
import { effectiveKeys } from '../shortcuts/bindings.ts'

/**
 * Keys and what they do: `j`, `?`, `Space`, `Enter`, `ArrowDown`; `Ctrl+D` (Cmd on macOS too); `g p` is g, then p.
 */
export type Shortcuts = Record<string, (() => void) | Shortcut>

export interface Shortcut {
  run(): void
  /** Where it works besides the page: on controls and in dialogs, or in terminals as well, which else take every key. */
  also?: 'controls' | 'terminals'
}

/** Time within which the second key of a sequence has to follow, ms. */
const sequenceTimeout = 2_000

/**
 * Binds keys of the window for as long as the calling scope lives. The keys of a command of `shortcuts/commands.ts` are the
 * ones it comes with: those that the user has chosen in their place are bound. Keys pressed on a control belong to the control, and
 * keys that an input method composes with are never shortcuts.
 * @param capture handles keys before those bound without it: for shortcuts of the whole app
 */
export function useShortcuts(
  shortcuts: Shortcuts | (() => Shortcuts),
  { capture = false }: { capture?: boolean } = {},
): void {
  const bound = computed(() => {
    const bindings = new Map(
      Object.entries(typeof shortcuts === 'function' ? shortcuts() : shortcuts).flatMap(([key, action]) =>
        effectiveKeys(key).map((keys) => [keys, typeof action === 'function' ? { run: action } : action] as const),
      ),
    )
    const leaders = new Set([...bindings.keys()].flatMap((key) => (/^\S+ \S+$/.test(key) ? [key.split(' ')[0]] : [])))
    return { bindings, leaders }
  })
  let leader: { key: string; at: number } | undefined

  function handle(event: KeyboardEvent): void {
    // Another binding took the key, perhaps as the second of the same sequence: the next one is a key of its own.
    if (event.defaultPrevented) leader = undefined
    if (event.defaultPrevented || isComposing(event)) return
    const key = keyOf(event)
    if (key === undefined) return
    const { bindings, leaders } = bound.value
    const started = leader && event.timeStamp - leader.at < sequenceTimeout ? leader.key : undefined
    leader = undefined
    const place = placeOf(event.target)
    if (started !== undefined && place === 'page') {
      // The second key is the sequence's own, whether it means something or not.
      event.preventDefault()
      bindings.get(`${started} ${key}`)?.run()
      return
    }
    const shortcut = bindings.get(key)
    if (shortcut && (place === 'page' || shortcut.also === 'terminals' || shortcut.also === place)) {
      event.preventDefault()
      shortcut.run()
    } else if (place === 'page' && leaders.has(key)) leader = { key, at: event.timeStamp }
  }

  window.addEventListener('keydown', handle, { capture })
  onScopeDispose(() => window.removeEventListener('keydown', handle, { capture }))
}

/** Safari reports the Enter that ends a composition with `isComposing` unset; 229 is its only mark (UI Events, 7.3.1). */
const isComposing = (event: KeyboardEvent): boolean =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  event.isComposing || event.keyCode === 229

/** The key as bindings name it; undefined for one held with modifiers that no binding uses. */
export function keyOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): string | undefined {
  const name = key === ' ' ? 'Space' : key
  const isPrintable = name.length === 1
  if (altKey || (shiftKey && !isPrintable)) return undefined
  if (!ctrlKey && !metaKey) return name
  return shiftKey ? undefined : `Ctrl+${isPrintable ? name.toUpperCase() : name}`
}

const controlRoles = [
  'button',
  'checkbox',
  'combobox',
  'gridcell',
  'link',
  'listbox',
  'menu',
  'menubar',
  'menuitem',
  'menuitemcheckbox',
  'menuitemradio',
  'option',
  'radio',
  'scrollbar',
  'searchbox',
  'slider',
  'spinbutton',
  'switch',
  'tab',
  'textbox',
  'treeitem',
]
const dialogs = '[role=dialog],[role=alertdialog],dialog[open]'
const controls = [
  'a[href]',
  'area[href]',
  'button',
  'input',
  'select',
  'textarea',
  'summary',
  'audio[controls]',
  'video[controls]',
  'iframe',
  '[contenteditable]:not([contenteditable=false])',
  '[role=separator][tabindex]',
  ...controlRoles.map((role) => `[role=${role}]`),
  dialogs,
].join()

/** Whose keys these are: the page's, unless they are pressed on a control or while a dialog or a menu is open. */
function placeOf(target: EventTarget | null): 'page' | 'controls' | 'terminals' {
  if (target instanceof Element) {
    if (target.closest('.xterm')) return 'terminals'
    if (target.closest(controls)) return 'controls'
  }
  return document.querySelector(`${dialogs},[role=menu]`) ? 'controls' : 'page'
}
