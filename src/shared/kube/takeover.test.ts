import { expect, test } from 'vitest'
import { selectorAfter, standInSelector, takeoverOf } from './takeover.ts'

const taken = { selector: { app: 'web', tier: 'front' }, ports: { 80: 3000 }, since: '2026-01-01T00:00:00Z' }
const withNote = (note: string) => ({ metadata: { annotations: { 'slipway.dev/taken': note } } })

test('reads what was taken, and nothing else', () => {
  expect(takeoverOf(withNote(JSON.stringify(taken)))).toEqual(taken)
  expect(takeoverOf({ metadata: {} })).toBeUndefined()
  for (const note of ['', 'null', '[]', '{"selector":{"a":1},"ports":{},"since":""}', '{"selector":{}}'])
    expect(takeoverOf(withNote(note))).toBeUndefined()
})

test('giving back leaves the own selector exactly', () => {
  expect(selectorAfter(standInSelector('web'), taken)).toEqual(taken.selector)
  expect(selectorAfter(undefined, taken)).toEqual(taken.selector)
})

test('a manifest that was applied meanwhile adds its own selector: that one stays', () => {
  expect(selectorAfter({ ...standInSelector('web'), app: 'web', tier: 'front' }, taken)).toEqual(taken.selector)
  expect(selectorAfter({ ...standInSelector('web'), app: 'other' }, taken)).toEqual({ app: 'other' })
  expect(selectorAfter({ app: 'web' }, taken)).toEqual(taken.selector)
})
