// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { useShortcuts, type Shortcuts } from './useShortcuts.ts'

let scope: EffectScope
let pressed: string[]
const record = (...keys: string[]): Shortcuts => Object.fromEntries(keys.map((key) => [key, () => pressed.push(key)]))
const bind = (shortcuts: Shortcuts, options?: { capture?: boolean }): void =>
  void scope.run(() => useShortcuts(shortcuts, options))

/** Presses a key on an element. @returns whether the page took the key from the element */
function press(target: Element, key: string, more: KeyboardEventInit = {}): boolean {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  target.dispatchEvent(event)
  return event.defaultPrevented
}
function show(html: string): Element {
  document.body.innerHTML = html
  return document.querySelector('[data-target]') ?? document.body
}

beforeEach(() => {
  scope = effectScope()
  pressed = []
})
afterEach(() => {
  scope.stop()
  document.body.innerHTML = ''
})

const keys = ['Enter', ' ', 'j', 'd', '/', 'ArrowDown', 'Escape', 'g']
test.each([
  '<button data-target>b</button>',
  '<button><svg data-target></svg></button>',
  '<a href="#/" data-target>a</a>',
  '<input data-target>',
  '<input type="checkbox" data-target>',
  '<textarea data-target></textarea>',
  '<select data-target></select>',
  '<details><summary data-target></summary></details>',
  '<div contenteditable="true"><p data-target></p></div>',
  '<div contenteditable data-target></div>',
  '<div role="button" tabindex="0" data-target></div>',
  '<ul role="menu"><li role="menuitem" data-target></li></ul>',
  '<ul role="listbox"><li role="option" data-target></li></ul>',
  '<div role="tab" data-target></div>',
  '<div role="separator" tabindex="0" data-target></div>',
  '<div class="xterm"><textarea data-target></textarea></div>',
  '<div role="dialog"><p data-target></p></div>',
])('is inert on %s', (html) => {
  bind(record('Enter', 'Space', 'j', 'd', '/', 'ArrowDown', 'Escape', 'Ctrl+D', 'g d'))
  const target = show(html)
  for (const key of keys) expect(press(target, key)).toBe(false)
  expect(press(target, 'd', { ctrlKey: true })).toBe(false)
  expect(pressed).toEqual([])
})

test('works on the page and on what is no control', () => {
  bind(record('Enter', 'Space', 'j', 'ArrowDown', '?', 'Ctrl+D'))
  const target = show('<main tabindex="-1"><div role="table" tabindex="0" data-target></div></main>')
  for (const key of ['Enter', ' ', 'j', 'ArrowDown']) expect(press(target, key)).toBe(true)
  press(target, '?', { shiftKey: true })
  press(document.body, 'd', { ctrlKey: true })
  press(document.body, 'd', { metaKey: true })
  expect(pressed).toEqual(['Enter', 'Space', 'j', 'ArrowDown', '?', 'Ctrl+D', 'Ctrl+D'])
})

test.each([
  ['Enter', { shiftKey: true }],
  ['Enter', { ctrlKey: true }],
  ['Enter', { metaKey: true }],
  ['Enter', { altKey: true }],
  [' ', { shiftKey: true }],
  ['d', { altKey: true }],
  ['d', { ctrlKey: true, altKey: true }],
  ['d', { ctrlKey: true, shiftKey: true }],
  ['d', { isComposing: true }],
  ['Enter', { isComposing: true }],
  ['Process', { keyCode: 229 }],
  ['d', { keyCode: 229 }],
] as const)('leaves %j with %j alone', (key, modifiers) => {
  bind(record('Enter', 'Space', 'd', 'Ctrl+D', 'Process'))
  expect(press(document.body, key, modifiers)).toBe(false)
  expect(pressed).toEqual([])
})

test('a sequence takes its second key, from other shortcuts too', () => {
  bind(record('d', 'x'))
  bind(record('g d'), { capture: true })
  press(document.body, 'g')
  press(document.body, 'd')
  press(document.body, 'd')
  press(document.body, 'g')
  press(document.body, 'x')
  press(document.body, 'x')
  expect(pressed).toEqual(['g d', 'd', 'x'])
})

test('a sequence that another binding has ended takes no further key', () => {
  bind(record('g p'), { capture: true })
  bind(record('g k'))
  bind(record('j'))
  for (const key of ['g', 'p', 'j']) press(document.body, key)
  expect(pressed).toEqual(['g p', 'j'])
})

test('a shortcut may work on controls and in dialogs, and in terminals', () => {
  bind({ 'Ctrl+K': { run: () => pressed.push('palette'), also: 'controls' } })
  bind({ 'Ctrl+`': { run: () => pressed.push('dock'), also: 'terminals' } })
  const dialog = '<div role="dialog"><input data-target></div>'
  const terminal = '<div class="xterm"><textarea data-target></textarea></div>'
  for (const html of [dialog, terminal]) for (const key of ['k', '`']) press(show(html), key, { ctrlKey: true })
  expect(pressed).toEqual(['palette', 'dock', 'dock'])
})

test('leaves a key that something else has handled, rests while a dialog is open, and ends with its scope', () => {
  bind(record('j'))
  const target = show('<div data-target></div>')
  target.addEventListener('keydown', (event) => event.preventDefault(), { once: true })
  press(target, 'j')
  press(show('<div role="dialog"></div><div data-target></div>'), 'j')
  expect(pressed).toEqual([])
  press(show('<div data-target></div>'), 'j')
  scope.stop()
  press(document.body, 'j')
  expect(pressed).toEqual(['j'])
})
