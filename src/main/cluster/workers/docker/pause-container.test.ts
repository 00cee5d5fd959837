import { expect, test } from 'vitest'
import { pauseContainer } from './pause-container.ts'

const busy = new Error(
  '(HTTP code 500) server error - cannot pause container c: OCI runtime pause failed: unable to freeze',
)

/** A container whose pauses fail with these errors, one after the other, and then succeed. */
function containerFailing(...errors: Error[]) {
  const calls: string[] = []
  const container = {
    pause: () => {
      calls.push('pause')
      const error = errors.shift()
      return error ? Promise.reject(error) : Promise.resolve()
    },
  }
  return { container, calls, wait: (ms: number) => Promise.resolve(calls.push(`wait ${ms}`)) }
}

test('a container that is too busy to be frozen is paused by a later attempt', async () => {
  const { container, calls, wait } = containerFailing(busy, busy)
  await pauseContainer(container, wait)
  expect(calls).toEqual(['pause', 'wait 500', 'pause', 'wait 500', 'pause'])
})

test('the error is thrown when every attempt fails', async () => {
  const { container, calls, wait } = containerFailing(...Array.from({ length: 20 }, () => busy))
  await expect(pauseContainer(container, wait)).rejects.toThrow('unable to freeze')
  expect(calls.filter((call) => call === 'pause')).toHaveLength(10)
})

test('any other error is thrown at once', async () => {
  const { container, calls, wait } = containerFailing(new Error('(HTTP code 409) conflict - already paused'))
  await expect(pauseContainer(container, wait)).rejects.toThrow('already paused')
  expect(calls).toEqual(['pause'])
})
