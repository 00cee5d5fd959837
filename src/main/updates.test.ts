import { expect, test } from 'vitest'
import { createUpdates, isNewer, type UpdatesOptions } from './updates.ts'

const feed = 'https://releases.example.com/latest'
const page = 'https://releases.example.com/v0.2.0'
function start(options: Partial<UpdatesOptions> = {}, answer: unknown = { tag_name: 'v0.2.0', html_url: page }) {
  const asked: string[] = []
  const look = createUpdates({
    feed,
    version: '0.1.0',
    isWanted: () => Promise.resolve(true),
    fetch(url) {
      asked.push(url)
      return Promise.resolve(Response.json(answer))
    },
    now: () => 0,
    ...options,
  })
  return { look, asked }
}

test('nobody is asked unless the user wants it, and where the build names no place', async () => {
  const off = start({ isWanted: () => Promise.resolve(false) })
  expect(await off.look()).toEqual({ offered: true })
  const none = start({ feed: undefined })
  expect(await none.look()).toEqual({ offered: false })
  const plain = start({ feed: 'http://releases.example.com' })
  expect(await plain.look()).toEqual({ offered: false })
  expect([...off.asked, ...none.asked, ...plain.asked]).toEqual([])
})

test('a newer version is told, once asked for a day', async () => {
  let time = 0
  const { look, asked } = start({ now: () => time })
  expect(await look()).toEqual({ offered: true, newer: { version: '0.2.0', page } })
  await look()
  expect(asked).toEqual([feed])
  time = 25 * 3_600_000
  await look()
  expect(asked).toHaveLength(2)
})

test.each([
  ['no version', {}],
  ['a page that is no web page', { tag_name: 'v9.0.0', html_url: 'javascript:alert(1)' }],
])('an answer with %s is a problem, and is asked for again', async (_name, answer) => {
  const { look, asked } = start({}, answer)
  expect(await look()).toEqual({ offered: true, problem: 'its answer names no version' })
  await look()
  expect(asked).toHaveLength(2)
})

test.each([
  ['0.2.0', true],
  ['0.1.1', true],
  ['0.10.0', true],
  ['0.1.0', false],
  ['0.0.9', false],
  ['1.0.0-beta', false],
  ['newest', false],
])('%s is newer than 0.1.0: %j', (version, newer) => expect(isNewer(version, '0.1.0')).toBe(newer))
