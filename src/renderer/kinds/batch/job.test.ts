import { expect, it } from 'vitest'
import type { Job } from '#shared/kube/generated/types.ts'
import { stored } from '#test/support/stored.ts'
import { suspend } from '../actions/suspend.ts'
import { jobDuration } from './job.ts'

const now = Date.parse('2026-11-29T14:00:00Z')
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1_000).toISOString()
const ended = (type: 'Complete' | 'Failed', more: object = {}): NonNullable<Job['status']> => ({
  startTime: at(100),
  conditions: [{ type, status: 'True', lastTransitionTime: at(90) }],
  ...more,
})

it('a Job has run until it completed or failed, else until now', () => {
  expect(jobDuration({ startTime: at(100) }, now)).toBe(100_000)
  expect(jobDuration(ended('Complete', { completionTime: at(95) }), now)).toBe(5_000)
  expect(jobDuration(ended('Failed'), now)).toBe(10_000)
  expect(jobDuration({}, now)).toBe(0)
})

it('a Job that has ended is not suspended', () => {
  const access = { plural: 'jobs', may: () => true }
  const job = (status: NonNullable<Job['status']>) =>
    stored<Job>({ metadata: { name: 'import', namespace: 'shop' }, status })
  expect(suspend.enabled?.(job({ active: 1 }), access)).toBe(true)
  expect(suspend.enabled?.(job(ended('Failed')), access)).toMatch('has ended')
  expect(suspend.enabled?.(job(ended('Complete')), access)).toMatch('has ended')
})
