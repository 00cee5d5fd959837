import { expect, test } from 'vitest'
import type { Api, Wire } from '../support/api.ts'
import { simulatedServer } from '../support/server.ts'
import type { WatchEvent } from '../support/watching.ts'

const { api, namespace } = await simulatedServer()

const configMaps = async (): Promise<string> => `/api/v1/namespaces/${await namespace()}/configmaps`
const labelled = (name: string, label: string): object => ({ metadata: { name, labels: { watched: label } } })
const put = (path: string, data: string): Promise<Wire> => api.patch(path, { data: { mutation: data } })
const seen = ({ type, object }: WatchEvent): string =>
  [type, object.metadata.name, object.data?.mutation].filter(Boolean).join(' ')

/** A watcher has seen all that happened before once it sees an object made now. */
async function eventsUntilNow(api: Api, path: string, label: string, watching: Awaited<ReturnType<Api['watch']>>) {
  const mark = await api.create(path, { metadata: { generateName: 'mark-', labels: { watched: label } } })
  const events: string[] = []
  for (;;) {
    const event = await watching.next()
    if (event.object.metadata.name === mark.metadata.name) return events
    events.push(seen(event))
  }
}

test('[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]', async () => {
  const path = await configMaps()
  const watchers = {
    a: await api.watch(path, { labelSelector: 'watched=a' }),
    b: await api.watch(path, { labelSelector: 'watched=b' }),
    both: await api.watch(path, { labelSelector: 'watched in (a, b)' }),
  }
  for (const label of ['a', 'b']) {
    await api.create(path, labelled(`of-${label}`, label))
    await put(`${path}/of-${label}`, '1')
    await put(`${path}/of-${label}`, '2')
    await api.delete(`${path}/of-${label}`)
  }
  const life = (name: string): string[] => [
    `ADDED ${name}`,
    `MODIFIED ${name} 1`,
    `MODIFIED ${name} 2`,
    `DELETED ${name} 2`,
  ]
  expect(await eventsUntilNow(api, path, 'a', watchers.a)).toEqual(life('of-a'))
  expect(await eventsUntilNow(api, path, 'b', watchers.b)).toEqual(life('of-b'))
  const both = await eventsUntilNow(api, path, 'a', watchers.both)
  expect(both.filter((event) => !event.includes('mark-'))).toEqual([...life('of-a'), ...life('of-b')])
})

test('[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]', async () => {
  const path = await configMaps()
  await api.create(path, labelled('one', 'a'))
  const first = await put(`${path}/one`, '1')
  await put(`${path}/one`, '2')
  await api.delete(`${path}/one`)
  const watching = await api.watch(path, {
    labelSelector: 'watched=a',
    resourceVersion: first.metadata.resourceVersion,
  })
  expect(await eventsUntilNow(api, path, 'a', watching)).toEqual(['MODIFIED one 2', 'DELETED one 2'])
})

test('[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]', async () => {
  const path = await configMaps()
  const before = await api.watch(path, { labelSelector: 'watched=a' })
  await api.create(path, labelled('one', 'a'))
  await put(`${path}/one`, '1')
  await before.next()
  const last = await before.next()
  before.stop()
  await put(`${path}/one`, '2')
  await api.delete(`${path}/one`)
  const after = await api.watch(path, {
    labelSelector: 'watched=a',
    resourceVersion: last.object.metadata.resourceVersion,
  })
  expect(await eventsUntilNow(api, path, 'a', after)).toEqual(['MODIFIED one 2', 'DELETED one 2'])
})

test('[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]', async () => {
  const path = await configMaps()
  const watching = await api.watch(path, { labelSelector: 'watched=yes' })
  const relabel = (label: string): Promise<Wire> =>
    api.patch(`${path}/one`, { metadata: { labels: { watched: label } } })
  await api.create(path, labelled('one', 'yes'))
  await put(`${path}/one`, '1')
  await relabel('no')
  await put(`${path}/one`, '2')
  await relabel('yes')
  await put(`${path}/one`, '3')
  await api.delete(`${path}/one`)
  expect(await eventsUntilNow(api, path, 'yes', watching)).toEqual([
    'ADDED one',
    'MODIFIED one 1',
    'DELETED one 1',
    'ADDED one 2',
    'MODIFIED one 3',
    'DELETED one 3',
  ])
})

test('[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]', async () => {
  const path = await configMaps()
  const { metadata } = await api.get(path)
  const first = await api.watch(path, { resourceVersion: metadata.resourceVersion })
  const writing = { on: true }
  const written = writeAtRandom(path, writing)
  const watchers = [first]
  for (let i = 0; i < 100; i++) {
    const { object } = await first.next()
    watchers.push(await api.watch(path, { resourceVersion: object.metadata.resourceVersion }))
  }
  writing.on = false
  await written
  const last = await api.create(path, { metadata: { name: 'last' } })
  for (const [index, watching] of watchers.entries()) {
    await watching.until(({ object }) => object.metadata.resourceVersion === last.metadata.resourceVersion)
    const versions = watching.events.map(({ object }) => object.metadata.resourceVersion)
    const all = first.events.map(({ object }) => object.metadata.resourceVersion)
    expect(versions).toEqual(all.slice(index))
  }
})

async function writeAtRandom(path: string, writing: { on: boolean }): Promise<void> {
  const existing = new Set<number>()
  for (let i = 0; writing.on; i++) {
    const one = i % 7
    if (!existing.has(one)) await api.create(path, { metadata: { name: `map-${one}` } })
    else if (i % 3 === 0) await api.delete(`${path}/map-${one}`)
    else await put(`${path}/map-${one}`, String(i))
    if (existing.has(one) && i % 3 === 0) existing.delete(one)
    else existing.add(one)
  }
}
