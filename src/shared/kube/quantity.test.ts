import { describe, expect, it } from 'vitest'
import {
  addQuantities,
  bytesQuantity,
  canonicalQuantity,
  compareQuantities,
  isQuantity,
  millisQuantity,
  parseQuantity,
  QuantitySyntaxError,
  quantityMillis,
  quantityValue,
} from './quantity.ts'

describe('canonical form', () => {
  it.each([
    ['0', '0'],
    ['0Mi', '0'],
    ['500m', '500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['5.', '5'],
    ['1000m', '1'],
    ['1.5', '1500m'],
    ['2', '2'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['1024Mi', '1Gi'],
    ['1Gi', '1Gi'],
    ['1536Mi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['1000Ki', '1000Ki'],
    ['512', '512'],
    ['1e3', '1e3'],
    ['12E6', '12e6'],
    ['1E', '1E'],
    ['100u', '100u'],
    ['0.1n', '1n'],
    ['-100Mi', '-100Mi'],
    ['+2', '2'],
    ['007', '7'],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical)
    expect(canonicalQuantity(canonical)).toBe(canonical)
  })

  it.each(['', 'a', '1x', '1 Gi', 'Gi', '.', '1e', '--1', '1KI', '1.2.3'])('refuses %j', (text) => {
    expect(() => parseQuantity(text)).toThrow(QuantitySyntaxError)
    expect(isQuantity(text)).toBe(false)
  })
})

it('is exact beyond the precision of doubles', () => {
  expect(compareQuantities('9007199254740993', '9007199254740992')).toBe(1)
  expect(canonicalQuantity('9007199254740993')).toBe('9007199254740993')
})

it('limits excessive exponents', () => {
  expect(canonicalQuantity('1e999999').length).toBeLessThan(120)
})

it('compares quantities with different suffixes', () => {
  expect(compareQuantities('1Gi', '1G')).toBe(1)
  expect(compareQuantities('1000m', '1')).toBe(0)
  expect(compareQuantities('100Mi', '1Gi')).toBe(-1)
})

it('adds, in the format of the first', () => {
  expect(addQuantities('100m', '1')).toBe('1100m')
  expect(addQuantities('512Mi', '512Mi')).toBe('1Gi')
  expect(addQuantities('0', '1Gi')).toBe('1Gi')
  expect(addQuantities()).toBe('0')
})

it('converts to units and thousandths, rounded up', () => {
  expect(quantityValue('1Ki')).toBe(1024)
  expect(quantityValue('1500m')).toBe(2)
  expect(quantityMillis('0.25')).toBe(250)
  expect(quantityMillis('1u')).toBe(1)
})

it('is made from numbers', () => {
  expect(bytesQuantity(64 * 1024 * 1024)).toBe('64Mi')
  expect(millisQuantity(1500)).toBe('1500m')
  expect(millisQuantity(2000)).toBe('2')
})
