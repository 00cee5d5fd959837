import { expect, test } from 'vitest'
import { Termination } from './termination.ts'

test('the grace of a pod’s end only ever shortens', () => {
  const termination = new Termination()
  expect([termination.grace, termination.begun.aborted]).toEqual([Infinity, false])
  expect(termination.begin(Infinity)).toBe(false)
  expect(termination.begun.aborted).toBe(true)
  expect([termination.begin(30), termination.begin(60), termination.begin(5), termination.grace]).toEqual([
    true,
    false,
    true,
    5,
  ])
  expect(termination.shortened.aborted).toBe(false)
  termination.shorten()
  expect(termination.shortened.aborted).toBe(true)
})
