import { describe, expect, it } from 'vitest'
import { goRegex } from './go-regex.ts'

describe('Go’s regular expressions', () => {
  it.each<[string, string, string | undefined]>([
    ['abc', 'xabcx', 'abc'],
    ['^a', 'ba', undefined],
    ['a$', 'ba', 'a'],
    ['a|ab', 'ab', 'a'],
    ['(ab|a)(c|bcd)', 'abcd', 'abc'],
    ['a+', 'baaa', 'aaa'],
    ['a+?', 'baaa', 'a'],
    ['a{2,3}', 'aaaa', 'aaa'],
    ['a{2}', 'a', undefined],
    ['a{,2}', 'a{,2}', 'a{,2}'],
    ['(?:a|b)*c', 'ababc', 'ababc'],
    ['(a*)*b', 'aab', 'aab'],
    ['.', '\n', undefined],
    ['(?s).', '\n', '\n'],
    ['(?i)HeLLo', 'say hello', 'hello'],
    ['(?i:A)b', 'ab', 'ab'],
    ['(?i:A)b', 'aB', undefined],
    ['(?m)^b$', 'a\nb\nc', 'b'],
    ['(?U)a+', 'aaa', 'a'],
    ['[a-c]+', 'xabcd', 'abc'],
    ['[^a-c]+', 'abxyc', 'xy'],
    ['[]a]+', 'x]a', ']a'],
    ['[\\w.-]+', '*a.b-c*', 'a.b-c'],
    ['[\\D]+', '12ab', 'ab'],
    ['[[:alpha:]]+', '12ab', 'ab'],
    ['[[:^alpha:]]+', 'ab12', '12'],
    ['\\d+', 'a٣12', '12'],
    ['\\bb', 'ab b', 'b'],
    ['\\Bb', 'b ab', 'b'],
    ['\\p{Lu}\\pL', 'xÄö', 'Äö'],
    ['\\p{Greek}+', 'abγδ', 'γδ'],
    ['\\P{Greek}+', 'γδab', 'ab'],
    ['\\Qa.b\\E+', 'xa.bb', 'a.bb'],
    ['\\x41\\x{1F600}', 'A😀', 'A😀'],
    ['^.$', '😀', '😀'],
    ['\\.\\-\\/', '.-/', '.-/'],
    ['(?P<year>\\d{4})-(?<month>\\d\\d)', 'on 2026-11-23', '2026-11'],
    ['', 'abc', ''],
  ])('%s finds in %j %j', (pattern, text, found) => {
    expect(goRegex(pattern).find(text)).toBe(found)
    expect(goRegex(pattern).test(text)).toBe(found !== undefined)
  })

  it.each([
    ['(a', 'missing closing ): `(a`'],
    ['a)', 'unexpected ): `a)`'],
    ['[a', 'missing closing ]: `[a`'],
    ['*a', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(a)\\1', 'invalid escape sequence: `\\1`'],
    ['\\', 'trailing backslash at end of expression'],
    ['[b-a]', 'invalid character class range: `b-a`'],
    ['((a{1000}){1000})', 'invalid repeat count: `{1000}`'],
  ])('%s is invalid', (pattern, problem) => {
    expect(() => goRegex(pattern)).toThrow(`error parsing regexp: ${problem}`)
  })

  it('finds all non-overlapping matches', () => {
    expect(goRegex('a.').findAll('abacad')).toEqual(['ab', 'ac', 'ad'])
    expect(goRegex('a.').findAll('abacad', 2)).toEqual(['ab', 'ac'])
    expect(goRegex('a*').findAll('baac')).toEqual(['', 'aa', ''])
    expect(goRegex('x').findAll('abc')).toEqual([])
  })

  it('does not backtrack', () => {
    const text = 'a'.repeat(20_000)
    expect(goRegex('^(a|a)*(a|a)*(a+)+$').test(`${text}!`)).toBe(false)
    expect(goRegex('^(a*)*b').find(text)).toBeUndefined()
  })
})
