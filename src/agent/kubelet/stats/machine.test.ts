import { expect, test } from 'vitest'
import { readMachine } from './machine.ts'

const pidsOf = (files: Record<string, string>) => readMachine((path) => files[path] ?? '').pids

test('the limit of process ids is the smaller one of the kernel’s two, or the one that can be read', () => {
  const files = { '/proc/loadavg': '0.1 0.2 0.3 2/586 77\n', '/proc/sys/kernel/pid_max': '4194304\n' }
  expect(pidsOf({ ...files, '/proc/sys/kernel/threads-max': '192731\n' })).toEqual({ most: 192_731, current: 586 })
  expect(pidsOf(files)).toEqual({ most: 4_194_304, current: 586 })
})
