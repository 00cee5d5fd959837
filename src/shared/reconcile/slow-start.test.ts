import { expect, it } from 'vitest'
import { formatIndexes, parseIndexes } from './index-ranges.ts'
import { slowStart } from './slow-start.ts'

it('works in batches of 1, 2, 4 …', async () => {
  const batches: number[] = []
  let running = 0
  await slowStart(12, async () => {
    running++
    await Promise.resolve()
    if (running > 0) batches.push(running)
    running = 0
  })
  expect(batches).toEqual([1, 2, 4, 5])
})

it('ends with the batch that had a failure', async () => {
  let tried = 0
  const { succeeded, error } = await slowStart(100, async (index) => {
    tried++
    if (index === 4) throw new Error('over quota')
  })
  expect(tried).toBe(7)
  expect(succeeded).toBe(6)
  expect(error?.message).toBe('over quota')
})

it('reads and writes ranges of indexes', () => {
  expect(formatIndexes([5, 0, 1, 2, 9, 8])).toBe('0-2,5,8,9')
  expect(parseIndexes('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9])
  expect(parseIndexes(undefined)).toEqual([])
})
