// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest'
import { stepTitles } from '#shared/contract/step-titles.ts'
import { speak } from '../texts/index.ts'
import { titleOf } from './step-title.ts'

afterEach(() => speak('en'))

/** What the back can report is typed: `StepTitle` names no other. */
test.each(Object.values(stepTitles))('the step «%s» has its own words in a German window', async (title) => {
  expect(titleOf({ title })).toBe(title)
  await speak('de')
  expect(titleOf({ title })).not.toBe(title)
  expect(titleOf({ title })).not.toMatch(/^home\./)
})

test('a step of a newer back is called as the back calls it', async () => {
  await speak('de')
  expect(titleOf({ title: 'Warm the oven' })).toBe('Warm the oven')
})
