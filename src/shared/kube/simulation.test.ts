import { describe, expect, test } from 'vitest'
import { parseDuration, parseUsage, settingProblem, settingsOf } from './simulation.ts'

test.each([
  ['5', 5_000],
  ['0.25', 250],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['2h', 7_200_000],
  ['9d', 777_600_000],
  ['0', 0],
  ['', undefined],
  ['5 s', undefined],
  ['-1s', undefined],
  ['1e3', undefined],
  ['99999999d', undefined],
  ['soon', undefined],
])('the duration %j is %j ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

describe('usage', () => {
  test.each([
    ['250m', { low: { quantity: '250m' }, high: { quantity: '250m' }, noise: 0 }],
    ['40%', { low: { ofRequest: 0.4 }, high: { ofRequest: 0.4 }, noise: 0 }],
    ['64Mi~10%', { low: { quantity: '64Mi' }, high: { quantity: '64Mi' }, noise: 0.1 }],
    ['10%..90%/10m', { low: { ofRequest: 0.1 }, high: { ofRequest: 0.9 }, periodMs: 600_000, noise: 0 }],
    ['0.5..1.5/1h', { low: { quantity: '0.5' }, high: { quantity: '1.5' }, periodMs: 3_600_000, noise: 0 }],
  ])('%s', (text, usage) => expect(parseUsage(text)).toEqual(usage))

  test.each(['', 'x', '-1', '10%~150%', '10%~', '1..2', '1..2/0', '1~2~3%', '%'])('%j is none', (text) =>
    expect(parseUsage(text)).toBeUndefined(),
  )
})

test.each([
  ['exit-code', '256', /whole number from 0 to 255/],
  ['exit-code.web', '-1', /whole number/],
  ['start-delay', 'soon', /no duration/],
  ['cpu-usage', 'much', /no usage/],
  ['pull-error', '', /empty/],
  ['constructor', '1', /no setting/],
  ['start-dely', '1s', /no setting/],
])('%s=%j is refused', (name, value, problem) => expect(settingProblem(name, value)).toMatch(problem))

test('annotations set what is right about them, under their older names too', () => {
  const { settings, problems } = settingsOf({
    'simulated.slipway.dev/start-delay': '2s',
    'simulated.slipway.dev/exit-code.web': '3',
    'simulated.slipway.dev/silent': 'true',
    'simulated.slipway.dev/ready-delay': 'x',
    'slipway.dev/simulated-run-seconds': '7',
    'example.com/other': '1',
  })
  expect([...settings]).toEqual([
    ['start-delay', '2s'],
    ['exit-code.web', '3'],
    ['run-duration', '7'],
  ])
  expect(problems).toEqual([expect.stringContaining('simulated.slipway.dev/ready-delay: "x" is no duration')])
})
