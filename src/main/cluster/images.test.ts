import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { createClusterImages } from './images.ts'

/** A worker's agent that answers with these bytes, and counts what was taken of them. */
function agent(chunks: () => Iterable<Buffer>) {
  let taken = 0
  const request = () => {
    const bytes = chunks()[Symbol.iterator]()
    const stream = new Duplex({
      read() {
        const next = bytes.next()
        if (next.done !== true) taken += next.value.length
        this.push(next.done === true ? null : next.value)
      },
      write: (_chunk, _encoding, done) => done(),
    })
    return Promise.resolve({ status: 200, headers: {}, stream })
  }
  const images = createClusterImages({
    workers: () => ['dev-worker-1'],
    nodes: { request },
    hostImage: () => Promise.resolve(undefined),
  })
  return { images, taken: () => taken }
}

test('an agent that was taken over answers with so much and no more', async () => {
  const mebibyte = Buffer.alloc(2 ** 20, ' ')
  function* endless(): Generator<Buffer> {
    for (;;) yield mebibyte
  }
  const { images, taken } = agent(endless)
  expect(await images.list()).toEqual([{ worker: 'dev-worker-1', error: 'the agent answers with more than 8 MiB' }])
  expect(await images.prune()).toMatchObject([{ error: 'the agent answers with more than 8 MiB' }])
  expect(taken()).toBeLessThan(24 * 2 ** 20)
})

test('what it says went wrong is told, in so many words', async () => {
  const { images } = agent(() => [Buffer.from(JSON.stringify({ error: 'no space '.repeat(10_000) }))])
  const [answer] = await images.list()
  expect(answer).toHaveProperty('error', expect.stringMatching(/^no space /) as string)
  expect(JSON.stringify(answer).length).toBeLessThan(3_000)
})
