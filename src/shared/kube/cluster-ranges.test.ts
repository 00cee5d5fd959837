import { expect, test } from 'vitest'
import { rangeProblem, rangesOverlap } from './cluster-ranges.ts'

test.each([
  ['10.10.0.0/16', 'pods', undefined],
  ['10.10.0.0/24', 'pods', undefined],
  ['10.10.0.0/25', 'pods', 'between /8 and /24'],
  ['172.20.0.0/20', 'services', undefined],
  ['10.0.0.0/8', 'services', 'between /12 and /27'],
  ['10.10.0.1/16', 'pods', 'an IPv4 range such as 10.10.0.0/16'],
  ['10.10.0.0', 'pods', 'an IPv4 range such as 10.10.0.0/16'],
  ['fd00::/64', 'pods', 'an IPv4 range such as 10.10.0.0/16'],
  ['127.0.0.0/16', 'services', 'not a range of this machine itself'],
  ['10.10.0.0/16,fd00:10:10::/56', 'pods', undefined],
  ['10.10.0.0/16,fd00:10:10::/64', 'pods', 'between /48 and /60 for IPv6'],
  ['10.96.0.0/16,fd00:10:96::/112', 'services', undefined],
  ['10.96.0.0/16,fd00:10:96::/64', 'services', 'between /108 and /120 for IPv6'],
  ['10.96.0.0/16,10.97.0.0/16', 'services', 'an IPv6 range such as fd00:10:96::/112 after the comma'],
  ['10.10.0.0/16,', 'pods', 'an IPv6 range such as fd00:10:244::/56 after the comma'],
  ['fd00:10:96::/112,10.96.0.0/16', 'services', 'an IPv4 range such as 10.10.0.0/16'],
  ['10.0.0.0/16,fd00::/56,fd01::/56', 'pods', 'at most one range of IPv4 and one of IPv6'],
] as const)('%s for %s', (text, of, problem) => {
  expect(rangeProblem(text, of)).toBe(problem)
})

test.each(['pods', 'services'] as const)('what is named as an example for %s is a range for them', (of) => {
  const named = (text: string): string => / ([\d.a-f:]+\/\d+)/.exec(rangeProblem(text, of) ?? '')?.[1] ?? ''
  expect(rangeProblem(`${named('none')},${named('10.10.0.0/16,none')}`, of)).toBeUndefined()
})

test('ranges of pods and Services do not overlap', () => {
  expect(rangesOverlap('10.96.0.0/12')).toBe(true)
  expect(rangesOverlap(undefined, '10.244.7.0/24')).toBe(true)
  expect(rangesOverlap()).toBe(false)
  expect(rangesOverlap('10.10.0.0/16', '10.11.0.0/16')).toBe(false)
  expect(rangesOverlap('10.10.0.0/16,fd00::/48', '10.11.0.0/16,fd00::/112')).toBe(true)
})
