import { expect, test } from 'vitest'
import { languageOf } from './language.ts'

test.each([
  [['de-CH', 'en'], 'de'],
  [['fr', 'de'], 'de'],
  [['fr'], 'en'],
  [[], 'en'],
])('the system’s language of %j is %s', (preferred, expected) => expect(languageOf('system', preferred)).toBe(expected))

test('a choice is kept, whatever the system speaks', () => expect(languageOf('en', ['de'])).toBe('en'))
