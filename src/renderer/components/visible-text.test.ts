import { expect, test } from 'vitest'
import { visibleText } from './visible-text.ts'

test.each([
  ['an override', 'admin\u202Egpj.exe', 'admin\\u202Egpj.exe'],
  ['isolates and embeddings', '\u2066a\u2069\u202Ab\u202C', '\\u2066a\\u2069\\u202Ab\\u202C'],
  ['a character without width', 'ad\u200Bmin\uFEFF', 'ad\\u200Bmin\\uFEFF'],
  ['a joiner between letters', 'ad\u200Dmin', 'ad\\u200Dmin'],
  ['control characters', 'a\0b\x1b[31mc\x7f', 'a\\u0000b\\u001B[31mc\\u007F'],
  ['a tag character', 'a\u{E0041}', 'a\\u{E0041}'],
])('%s is written out', (_what, text, shown) => expect(visibleText(text)).toBe(shown))

test.each([['plain-name.1'], ['two\tlines\nof text'], ['שלום עולם'], ['👩‍🚀 👨‍👩‍👧'], ['naïve café 日本語']])(
  '%j stays as it is',
  (text) => expect(visibleText(text)).toBe(text),
)
