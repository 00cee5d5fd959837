// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { speak } from '../texts/index.ts'
import { keysText } from './keys.ts'

afterEach(() => speak('en'))

test.each([
  ['en', 'Linux x86_64', 'Ctrl+Shift+C', 'Ctrl Shift C'],
  ['de', 'Linux x86_64', 'Ctrl+Shift+C', 'Strg Umschalt C'],
  ['de', 'Win32', 'Ctrl+Enter', 'Strg Eingabe'],
  ['de', 'Linux x86_64', 'g p', 'g p'],
  ['en', 'MacIntel', 'Ctrl+Shift+C', '⌘⇧C'],
  ['en', 'MacIntel', 'ArrowDown', '↓'],
] as const)('keys are named as on a keyboard (%s, %s): %s is %s', async (language, platform, keys, text) => {
  await speak(language)
  expect(keysText(keys, platform)).toBe(text)
})
