import { expect, it } from 'vitest'
import { fittingActions } from './fitting-actions.ts'

const pod = ['logs', 'shell', 'debug', 'forward', 'edit', 'delete'].map((id) => ({ id, width: 80 }))

it('shows every action where there is room', () => {
  expect(fittingActions(pod, 6 * 86, 6)).toEqual(['logs', 'shell', 'debug', 'forward', 'edit', 'delete'])
})

it('drops the less used ones first, edits next to last and deletes last', () => {
  expect(fittingActions(pod, 5 * 86, 6)).toEqual(['logs', 'shell', 'debug', 'edit', 'delete'])
  expect(fittingActions(pod, 2 * 86 + 40, 6)).toEqual(['edit', 'delete'])
  expect(fittingActions(pod, 86, 6)).toEqual(['delete'])
  expect(fittingActions(pod, 0, 6)).toEqual([])
})

it('draws what it has not measured yet', () => {
  expect(fittingActions([{ id: 'logs', width: undefined }, ...pod.slice(1)], 6 * 86, 6)).toContain('logs')
})
