import { describe, expect, it } from 'vitest'
import { parseSchedule } from './cron-schedule.ts'

/** The first `count` due times after `after`. */
function times(schedule: string, zone: string | undefined, after: string, count: number): string[] {
  const { next } = parseSchedule(schedule, zone)
  const found: string[] = []
  let time = next(Date.parse(after))
  while (time !== undefined && found.length < count) {
    found.push(new Date(time).toISOString().replace(':00.000Z', 'Z'))
    time = next(time)
  }
  return found
}

it.each([
  ['* * * * *', '2026-01-01T00:00:59Z', ['2026-01-01T00:01Z', '2026-01-01T00:02Z']],
  ['5/15 * * * *', '2026-01-01T00:05:00Z', ['2026-01-01T00:20Z', '2026-01-01T00:35Z', '2026-01-01T00:50Z']],
  ['59 23 31 12 *', '2026-06-01T00:00:00Z', ['2026-12-31T23:59Z', '2027-12-31T23:59Z']],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00Z']],
  ['@weekly', '2026-01-01T00:00:00Z', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
  ['@monthly', '2026-01-01T00:00:00Z', ['2026-02-01T00:00Z', '2026-03-01T00:00Z']],
  // Either kind of day where both are restricted, …
  ['0 0 13 * fri', '2026-02-10T00:00:00Z', ['2026-02-13T00:00Z', '2026-02-20T00:00Z', '2026-02-27T00:00Z']],
  ['0 0 */10 * 1', '2026-01-01T00:00:00Z', ['2026-01-05T00:00Z', '2026-01-11T00:00Z', '2026-01-12T00:00Z']],
  // … both kinds where one is a star.
  ['0 0 ? * mon', '2026-01-01T00:00:00Z', ['2026-01-05T00:00Z', '2026-01-12T00:00Z']],
  ['@every 90m', '2026-01-01T00:00:00Z', ['2026-01-01T01:30Z', '2026-01-01T03:00Z']],
  ['TZ=Asia/Kolkata 0 9 * * *', '2026-01-01T00:00:00Z', ['2026-01-01T03:30Z', '2026-01-02T03:30Z']],
])('%s is due at the right times', (schedule, after, expected) => {
  expect(times(schedule, undefined, after, expected.length)).toEqual(expected)
})

it.each(['59 23 31 2 *', '0 0 30 feb ?'])('%s is never due', (schedule) => {
  expect(parseSchedule(schedule).next(0)).toBeUndefined()
})

describe('where clocks change', () => {
  it.each([
    ['America/New_York skips 2:30', '30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', ['2026-03-09T06:30Z']],
    [
      'America/New_York has 1:30 twice',
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:30Z', '2026-11-01T06:30Z', '2026-11-02T06:30Z'],
    ],
    [
      'a yearly run in the repeated hour runs twice',
      '30 1 1 11 *',
      'America/New_York',
      '2026-01-31T12:00:00Z',
      ['2026-11-01T05:30Z', '2026-11-01T06:30Z', '2027-11-01T05:30Z'],
    ],
    [
      'Europe/Berlin goes on by the hour',
      '0 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:00:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T02:00Z'],
    ],
    [
      'Australia/Lord_Howe repeats half an hour',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T12:00:00Z',
      ['2026-04-04T14:45Z', '2026-04-04T15:15Z', '2026-04-05T15:15Z'],
    ],
    [
      'Pacific/Apia has no 30 December 2011',
      '0 12 30 12 *',
      'Pacific/Apia',
      '2011-12-01T00:00:00Z',
      ['2012-12-29T22:00Z'],
    ],
    ['midnight may be missing', '0 0 * * *', 'America/Santiago', '2026-09-05T12:00:00Z', ['2026-09-07T03:00Z']],
  ])('%s', (_, schedule, zone, after, expected) => {
    expect(times(schedule, zone, after, expected.length)).toEqual(expected)
  })
})

it('says what is wrong', () => {
  expect(() => parseSchedule('* * * *')).toThrow('expected exactly 5 fields, found 4: [* * * *]')
})
