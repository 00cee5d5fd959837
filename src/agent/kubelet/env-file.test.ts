import { expect, test } from 'vitest'
import { BadEnvFile, variableIn } from './env-file.ts'

const file = `# settings
  ADDRESS='db.example'

PATTERN='$HOME "\\n" # no comment' # a comment
LINES='one
  two

three'	# of several lines
EMPTY=''
BLANK= 'not a value'
ADDRESS='second'
WITH.DOT='x=y'\r
`

test.each([
  ['ADDRESS', 'db.example'],
  ['PATTERN', '$HOME "\\n" # no comment'],
  ['LINES', 'one\n  two\n\nthree'],
  ['EMPTY', ''],
  ['BLANK', ''],
  ['WITH.DOT', 'x=y'],
  ['settings', undefined],
  ['two', undefined],
])('%s is %j', (name, value) => expect(variableIn(file, name)).toBe(value))

test.each([
  ['A', "line 1: missing '='"],
  ["='x'", 'line 1: empty variable name'],
  ["\nA ='x'", "line 2: whitespace before '=' is not allowed"],
  ['A=x', 'line 1: value must be enclosed in single quotes'],
  ['A="x"', 'line 1: value must be enclosed in single quotes'],
  ["A='x' y", 'line 1: unexpected content after closing quote'],
  ["A='it''s'", 'line 1: unexpected content after closing quote'],
  ["#\nA='x\ny\n", 'line 2: unclosed single quote'],
])('%j is refused', (text, message) => {
  expect(() => variableIn(text, 'Z')).toThrow(BadEnvFile)
  expect(() => variableIn(text, 'Z')).toThrow(`invalid environment variable format at ${message}`)
})

test('what is wrong behind the variable does not matter', () => expect(variableIn("A='x'\nB", 'A')).toBe('x'))
