import { expect, it } from 'vitest'
import { covers, servedHostnames, specificity } from './hostnames.ts'

it('takes a wildcard for every name below its parent', () => {
  expect(covers('*.shop.localhost', 'a.shop.localhost')).toBe(true)
  expect(covers('*.shop.localhost', 'a.b.shop.localhost')).toBe(true)
  expect(covers('*.shop.localhost', 'shop.localhost')).toBe(false)
  expect(covers('', 'any')).toBe(true)
})

it('serves a route at the hosts that it shares with the listener', () => {
  expect(servedHostnames('*.shop.localhost', ['a.shop.localhost', 'other.localhost'])).toEqual(['a.shop.localhost'])
  expect(servedHostnames('a.shop.localhost', ['*.shop.localhost'])).toEqual(['a.shop.localhost'])
  expect(servedHostnames('a.localhost', undefined)).toEqual(['a.localhost'])
  expect(servedHostnames('', ['a.localhost'])).toEqual(['a.localhost'])
  expect(servedHostnames('a.localhost', ['b.localhost'])).toEqual([])
})

it('puts exact names before long wildcards before short ones', () => {
  const names = ['', '*.localhost', '*.shop.localhost', 'a.b']
  expect([...names].sort((a, b) => specificity(b) - specificity(a))).toEqual([...names].reverse())
})
