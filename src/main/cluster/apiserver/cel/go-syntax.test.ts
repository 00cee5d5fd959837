import { expect, it } from 'vitest'
import { syntaxProblems } from './go-syntax.ts'

const operands =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

// The first nine as Kubernetes v1.36 answered, the others as in the tests of cel-go.
it.each<[string, [at: number, words: string][]]>([
  ['', [[-1, `mismatched input '<EOF>' expecting ${operands}`]]],
  [
    '*',
    [
      [0, `mismatched input '*' expecting ${operands}`],
      [1, `mismatched input '<EOF>' expecting ${operands}`],
    ],
  ],
  ['a b', [[2, "extraneous input 'b' expecting <EOF>"]]],
  ['1Gi', [[1, "extraneous input 'Gi' expecting <EOF>"]]],
  ['fd00::1', [[4, "mismatched input ':' expecting <EOF>"]]],
  ['10.0.0.1', [[4, "mismatched input '.0' expecting <EOF>"]]],
  ['1.5.', [[4, "no viable alternative at input '.'"]]],
  ['..', [[1, "no viable alternative at input '..'"]]],
  ['ümlaut', [[0, "token recognition error at: 'ü'"]]],
  [
    'a | b',
    [
      [2, "token recognition error at: '| '"],
      [4, "extraneous input 'b' expecting <EOF>"],
    ],
  ],
  [
    '1 + $',
    [
      [4, "token recognition error at: '$'"],
      [5, `mismatched input '<EOF>' expecting ${operands}`],
    ],
  ],
])('finds what is wrong with %j', (source, problems) => {
  expect(syntaxProblems(source)).toEqual(problems.map(([at, words]) => ({ at, words })))
})

it.each([
  'has(a.b) && [1, 2].all(x, x > -1) || !c.d(r\'x\', b"y")',
  "{'a': 1, \"b\": [2u, 0x1F]}['a'] in [1.5e3, .5] ? {} : type.Name{f: null}",
  'a.?b[?0].orValue(true) // and so on',
])('finds nothing wrong with %s', (source) => {
  expect(syntaxProblems(source)).toEqual([])
})
