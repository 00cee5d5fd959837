import { describe, expect, it } from 'vitest'
import { goJsonProblem } from './go-json.ts'

describe("the message of Go's decoder", () => {
  it.each([
    ['not json', "invalid character 'o' in literal null (expecting 'u')"],
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{a}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['1 2', "invalid character '2' after top-level value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-', 'unexpected end of JSON input'],
    ['1.', 'unexpected end of JSON input'],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['01', "invalid character '1' after top-level value"],
  ])('of %j', (text, message) => expect(goJsonProblem(text)).toBe(message))

  it('has a limit of depth', () => expect(goJsonProblem('['.repeat(10_001))).toBe('exceeded max depth'))

  it.each(['{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n"]}', ' 0 ', '[]', '{}', '""'])('is absent for %j', (text) =>
    expect(goJsonProblem(text)).toBeUndefined(),
  )
})
