import { expect, test } from 'vitest'
import { serveStream, type Upward } from './stream.ts'

/** A hand-fed input. */
function feed<T>() {
  const queue: T[] = []
  let wake: () => void = () => undefined
  let closed = false
  return {
    push(value: T) {
      queue.push(value)
      wake()
    },
    close() {
      closed = true
      wake()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const value = queue.shift()
        if (value !== undefined) yield value
        else if (closed) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}

type Up = Upward<{ upTo: number }, string>

test('sends nothing beyond the credits granted', async () => {
  const input = feed<Up>()
  input.push({ open: { upTo: 1_000 } })
  input.push({ credit: 3 })
  let produced = 0
  const stream = serveStream<{ upTo: number }, string, number>(input, undefined, async ({ upTo }, port) => {
    for (let i = 0; i < upTo && !port.signal.aborted; i++) {
      produced = i
      await port.send(i)
    }
  })
  const got: number[] = []
  for (let i = 0; i < 3; i++) got.push((await stream.next()).value as number)
  const fourth = stream.next()
  await new Promise((resolve) => setImmediate(resolve))
  expect(got).toEqual([0, 1, 2])
  expect(produced).toBe(3)
  input.push({ credit: 1 })
  expect((await fourth).value).toBe(3)
  await stream.return()
})

test('hands data to the server in order, also what came before it listened', async () => {
  const input = feed<Up>()
  input.push({ open: { upTo: 0 } })
  for (const data of ['a', 'b', 'c']) input.push({ data })
  input.push({ credit: 10 })
  const stream = serveStream<{ upTo: number }, string, string>(input, undefined, async (_open, port) => {
    await new Promise((resolve) => setImmediate(resolve))
    let all = ''
    await new Promise<void>((resolve) => {
      port.onData((data) => {
        all += data
        if (all.length === 3) resolve()
      })
    })
    await port.send(all)
  })
  expect((await stream.next()).value).toBe('abc')
  expect((await stream.next()).done).toBe(true)
})

test('tells the server when the reader leaves', async () => {
  const input = feed<Up>()
  input.push({ open: { upTo: 0 } })
  input.push({ credit: 10 })
  const left = Promise.withResolvers<undefined>()
  const stream = serveStream<{ upTo: number }, string, number>(input, undefined, async (_open, port) => {
    await port.send(1)
    port.signal.addEventListener('abort', () => left.resolve(undefined))
    await left.promise
  })
  await stream.next()
  await stream.return()
  await expect(left.promise).resolves.toBeUndefined()
})

test('fails with the error of the server', async () => {
  const input = feed<Up>()
  input.push({ open: { upTo: 0 } })
  const stream = serveStream<{ upTo: number }, string, number>(input, undefined, () =>
    Promise.reject(new Error('no such pod')),
  )
  await expect(stream.next()).rejects.toThrow('no such pod')
})
