import { expect, test } from 'vitest'
import { holdsCapability, lacksCapability } from './capabilities.ts'

/**
 * Everything but SYS_MODULE (bit 16) and SYS_TIME (bit 25) in the bounding set; nothing in the effective one but
 * SYS_ADMIN.
 */
const status = `Name:\tnode\nCapEff:\t0000000000200000\nCapBnd:\t000001fffdfeffff\nCapAmb:\t0000000000000000\n`

test.each<[string, boolean]>([
  ['SYS_MODULE', true],
  ['CAP_SYS_TIME', true],
  ['sys_time', true],
  ['NET_ADMIN', false],
  ['CHECKPOINT_RESTORE', false],
  // Unknown names are left to the engine.
  ['ALL', false],
  ['NO_SUCH', false],
])('the worker lacks %s: %s', (name, lacks) => {
  expect(lacksCapability(name, status)).toBe(lacks)
})

test('holdsCapability reads the effective set', () => {
  expect([holdsCapability('SYS_ADMIN', status), holdsCapability('SYS_RESOURCE', status)]).toEqual([true, false])
})
