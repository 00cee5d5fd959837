import { describe, expect, it } from 'vitest'
import { LogBuffer } from './log-buffer.ts'
import { highlighted, LogSearch } from './log-search.ts'

describe('a search', () => {
  it('finds what is there and what comes, looking at each line once', () => {
    const buffer = new LogBuffer()
    const search = new LogSearch()
    let looked = 0
    const pattern = /err/i
    const counting = Object.assign(new RegExp(pattern), {
      test(text: string) {
        looked++
        return pattern.test(text)
      },
    })
    buffer.push(0, 'fine\nERROR one\n')
    expect(search.update(buffer.lines, counting)).toEqual([1])
    buffer.push(0, 'error two\nfine\n')
    expect(search.update(buffer.lines, counting)).toEqual([1, 2])
    search.update(buffer.lines, counting)
    expect(looked).toBe(4)
  })

  it('forgets lines that the ring has let go', () => {
    const buffer = new LogBuffer(10)
    const search = new LogSearch()
    for (let i = 0; i < 35; i++) {
      buffer.push(0, `line ${i}\n`)
      search.update(buffer.lines, /line/)
    }
    const numbers = search.update(buffer.lines, /line/)
    expect(numbers).toEqual(buffer.lines.map(({ number }) => number))
  })

  it('begins anew with another expression, and with an empty buffer', () => {
    const buffer = new LogBuffer()
    const search = new LogSearch()
    buffer.push(0, 'a\nb\n')
    expect(search.update(buffer.lines, /a/)).toEqual([0])
    expect(search.update(buffer.lines, /b/)).toEqual([1])
    expect(search.update(buffer.lines, undefined)).toEqual([])
    search.update(buffer.lines, /b/)
    buffer.clear()
    buffer.push(0, 'b\n')
    expect(search.update(buffer.lines, /b/)).toEqual([0])
  })
})

it('a line shows where it matches', () => {
  expect(highlighted('an error, an Error', /error/i)).toEqual([
    { text: 'an ', hit: false },
    { text: 'error', hit: true },
    { text: ', an ', hit: false },
    { text: 'Error', hit: true },
  ])
  expect(highlighted('x', /y*/)).toEqual([{ text: 'x', hit: false }])
})
