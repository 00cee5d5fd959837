import { expect, test } from 'vitest'
import { createFaultLog } from './fault-log.ts'
import { silentLog } from './log.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'

test('the same fault is logged once per period, then with the number of recurrences', async () => {
  const clock = createFakeClock()
  const lines: Record<string, unknown>[] = []
  const report = createFaultLog({
    log: { ...silentLog, error: (_message, fields) => void lines.push(fields ?? {}) },
    clock,
    message: 'request failed',
  })
  for (let i = 0; i < 1_000; i++) report(new Error('disk full'))
  report(new Error('another'))
  expect(lines).toHaveLength(2)
  expect(String(lines[0]?.['error'])).toContain('fault-log.test.ts')
  await clock.advance(60_001)
  report(new Error('disk full'))
  expect(lines[2]).toEqual({ error: 'disk full', repeated: 999 })
})

test('limits the remembered texts, so that clients cannot fill the memory', () => {
  let lines = 0
  const report = createFaultLog({
    log: { ...silentLog, error: () => void lines++ },
    clock: createFakeClock(),
    message: 'request failed',
  })
  for (let i = 0; i < 1_000; i++) report(new Error(`text ${i}`))
  expect(lines).toBe(1_000)
})
