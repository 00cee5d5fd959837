import { expect, it } from 'vitest'
import { readYaml } from './yaml.ts'

it('keeps the last of duplicate keys, and reports their lines', () => {
  expect(readYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n')).toEqual({
    value: { a: 3, b: { c: 2 } },
    repeated: ['line 5: key "a" already set in map', 'line 4: key "c" already set in map'],
  })
})

it('follows aliases and merges', () => {
  expect(readYaml('a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  z: 2\n').value).toEqual({
    a: { x: 1 },
    b: { x: 1 },
    c: { x: 1, z: 2 },
  })
})

const nested = (depth: number, inmost: string): string => '['.repeat(depth) + inmost + ']'.repeat(depth)

it.each([
  ['- '.repeat(2_000), 'exceeded max depth'],
  [`${'['.repeat(2_000)}${']'.repeat(2_000)}`, 'exceeded max depth'],
  [Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'exceeded max depth'],
  [[1, 2, 3].map((i) => `a${i}: &a${i} ${nested(400, i === 1 ? 'x' : `*a${i - 1}`)}`).join('\n'), 'exceeded max depth'],
  [`a: &a ${'x'.repeat(100_000)}\nb: [${Array(90).fill('*a').join(',')}]`, 'excessive aliasing'],
  [
    `a: &a [x,x,x,x]\n${'bcdefgh'
      .split('')
      .map(
        (c, i) =>
          `${c}: &${c} [${Array(9)
            .fill(`*${'abcdefg'[i] ?? ''}`)
            .join(',')}]`,
      )
      .join('\n')}`,
    'alias',
  ],
  ['a: &a\n  <<: *a\n', 'alias'],
  ['a: 1\n---\nb: 2\n', 'single document'],
  ['a: [\nb', 'at line 2'],
])('refuses %.20s', (text, why) => {
  expect(() => readYaml(text)).toThrow(why)
})
