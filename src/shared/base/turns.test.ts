import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('work is done one after the other, also after a failure, which is its own', async () => {
  const inTurn = createTurns()
  const done: string[] = []
  const first = Promise.withResolvers<undefined>()
  const works = [
    inTurn(async () => {
      await first.promise
      done.push('first')
      throw new Error('refused')
    }),
    inTurn(async () => {
      done.push('second')
      return 2
    }),
  ]
  await Promise.resolve()
  expect(done).toEqual([])
  first.resolve(undefined)
  expect(await Promise.allSettled(works)).toMatchObject([
    { status: 'rejected', reason: { message: 'refused' } },
    { status: 'fulfilled', value: 2 },
  ])
  expect(done).toEqual(['first', 'second'])
})
