import { expect, test } from 'vitest'
import type { NodeCondition, PodCondition } from './generated/types.ts'
import { isConditionTrue, setCondition, withoutCondition } from './conditions.ts'

const before = '2026-01-01T00:00:00Z'
const now = '2026-01-02T00:00:00Z'

const ready: PodCondition = { type: 'Ready', status: 'True', reason: 'Started', lastTransitionTime: before }
const scheduled: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: before }

test.each<[name: string, present: PodCondition[] | undefined, update: PodCondition, time: string | undefined]>([
  ['a new condition has the current time', undefined, { type: 'Ready', status: 'False' }, now],
  ['another status is a transition', [ready], { type: 'Ready', status: 'False' }, now],
  ['Unknown is a different status', [ready], { type: 'Ready', status: 'Unknown' }, now],
  ['the same status is no transition', [ready], { type: 'Ready', status: 'True' }, before],
  [
    'another reason or message is no transition',
    [ready],
    { type: 'Ready', status: 'True', reason: 'X', message: 'm' },
    before,
  ],
  [
    'a condition without its time gets one',
    [{ type: 'Ready', status: 'True' }],
    { type: 'Ready', status: 'True', reason: 'X' },
    now,
  ],
  ['other types are ignored', [scheduled], { type: 'Ready', status: 'True' }, now],
])('%s', (_name, present, update, time) => {
  const set = setCondition(present, update, now)
  expect(set.find(({ type }) => type === update.type)).toEqual({ ...update, lastTransitionTime: time })
})

test('the condition keeps its position in the list, unless `last` is requested', () => {
  const update = { type: 'Ready', status: 'False' }
  const types = (list: PodCondition[]): string[] => list.map(({ type }) => type)
  expect(types(setCondition([ready, scheduled], update, now))).toEqual(['Ready', 'PodScheduled'])
  expect(types(setCondition([ready, scheduled], update, now, { position: 'last' }))).toEqual(['PodScheduled', 'Ready'])
  expect(types(setCondition([scheduled], update, now))).toEqual(['PodScheduled', 'Ready'])
})

test('additional fields are kept, fields that are not named are removed, and the input is not changed', () => {
  const present: NodeCondition[] = [
    { type: 'Ready', status: 'True', message: 'fine', lastHeartbeatTime: before, lastTransitionTime: before },
  ]
  const next: NodeCondition[] = setCondition(present, { type: 'Ready', status: 'True', lastHeartbeatTime: now }, now)
  expect(next).toEqual([{ type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: before }])
  expect(present[0]?.message).toBe('fine')
})

test('finds and removes', () => {
  expect(isConditionTrue([ready], 'Ready')).toBe(true)
  expect(isConditionTrue([{ type: 'Ready', status: 'Unknown' }], 'Ready')).toBe(false)
  expect(isConditionTrue(undefined, 'Ready')).toBe(false)
  expect(withoutCondition([ready, scheduled], 'Ready')).toEqual([scheduled])
  expect(withoutCondition(undefined, 'Ready')).toEqual([])
})
