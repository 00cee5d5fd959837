import { expect, it } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { expired } from '#shared/kube/status.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import type { Client, ListOptions, Resource } from './client.ts'
import { createInformer, keyOf, type Informer } from './informer.ts'
import { createSharedInformers } from './shared-informers.ts'
import type { EventSink, WatchEvent } from './transport.ts'
import { stored } from '#test/support/stored.ts'

const things: Resource = { group: '', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true }

it('lists, then watches from the revision of the list', async () => {
  const { server, informer } = setUp([thing('a', 1), thing('b', 2)], '7')
  await informer.synced
  await settle()
  expect(informer.list().map(keyOf)).toEqual(['ns/a', 'ns/b'])
  expect(server.watches.map((watch) => watch.options.resourceVersion)).toEqual(['7'])
})

it('lists page by page, announces each page, and forgets what is on none', async () => {
  const { server, informer, clock } = setUp([thing('a', 1), thing('b', 2), thing('c', 3)], '7', undefined, 2)
  const seen: string[] = []
  informer.onChange({
    added: ({ metadata }) => seen.push(`${metadata.name} ${informer.hasSynced ? 'later' : 'while listing'}`),
    deleted: ({ metadata }) => seen.push(`-${metadata.name}`),
  })
  await informer.synced
  expect(seen).toEqual(['a while listing', 'b while listing', 'c while listing'])
  expect(server.lists).toBe(2)
  await settle()
  expect(server.watches.at(-1)?.options.resourceVersion).toBe('7')

  server.items = [thing('a', 1), thing('c', 3), thing('d', 8)]
  server.close(expired('too old'))
  await clock.advance(1000)
  expect(informer.list().map(keyOf).sort()).toEqual(['ns/a', 'ns/c', 'ns/d'])
  expect(seen.slice(3)).toEqual(['-b', 'd later'])
})

it('follows events, keeps indexes and tells handlers in order', async () => {
  const { server, informer } = setUp([thing('a', 1, 'red')])
  informer.addIndex('colour', (object) => object.metadata.labels?.colour)
  await informer.synced
  await settle()
  const seen: string[] = []
  informer.onChange({
    added: (object) => seen.push(`+${object.metadata.name}`),
    updated: (previous, object) =>
      seen.push(`${previous.metadata.labels?.colour ?? ''}>${object.metadata.labels?.colour ?? ''}`),
    deleted: (object) => seen.push(`-${object.metadata.name}@${object.metadata.resourceVersion}`),
  })
  server.send(
    { type: 'ADDED', object: thing('b', 11, 'red') },
    { type: 'MODIFIED', object: thing('a', 12, 'blue') },
    { type: 'DELETED', object: thing('b', 13, 'red') },
  )
  expect(seen).toEqual(['+a', '+b', 'red>blue', '-b@13'])
  expect(informer.byIndex('colour', 'blue').map(keyOf)).toEqual(['ns/a'])
  expect(informer.byIndex('colour', 'red')).toEqual([])
})

it('goes on from the last revision seen, bookmarks included, after the watch breaks', async () => {
  const { server, informer, clock } = setUp([])
  await informer.synced
  await settle()
  server.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '44' } } })
  server.close(new Error('connection reset'))
  await clock.advance(1000)
  expect(server.watches.at(-1)?.options.resourceVersion).toBe('44')
  expect(server.lists).toBe(1)
})

it('lists anew after 410 and reports what was missed, deletes and replacements too', async () => {
  const { server, informer, clock } = setUp([thing('a', 1), thing('b', 2), thing('c', 3)])
  await informer.synced
  await settle()
  const seen: string[] = []
  informer.onChange({
    added: (object) => seen.push(`+${object.metadata.uid}`),
    updated: (_, object) => seen.push(`~${object.metadata.uid}`),
    deleted: (object) => seen.push(`-${object.metadata.uid}`),
  })
  seen.length = 0
  server.items = [thing('a', 1), thing('c', 30, '', 'c-second')]
  server.close(expired('too old resource version'))
  await clock.advance(1000)
  expect(seen).toEqual(['-b', '-c', '+c-second'])
})

it('backs off while the server is away', async () => {
  const { server, informer, clock } = setUp([], '1', new Error('refused'))
  await clock.advance(10_000)
  expect(server.lists).toBeLessThan(12)
  expect(informer.hasSynced).toBe(false)
  server.failure = undefined
  await clock.advance(30_000)
  expect(informer.hasSynced).toBe(true)
})

it('shows a write to those who wait for it', async () => {
  const { server, informer } = setUp([thing('a', 1)])
  await informer.synced
  await settle()
  let seen = 0
  void informer.caughtUp(stored(thing('b', 12))).then(() => (seen = informer.list().length))
  void informer.until('ns/a', (object) => !object).then(() => (seen = -1))
  server.send({ type: 'ADDED', object: thing('z', 11) })
  await settle()
  expect(seen).toBe(0)
  server.send({ type: 'ADDED', object: thing('b', 12) })
  await settle()
  expect(seen).toBe(3)
  server.send({ type: 'DELETED', object: thing('a', 13) })
  await settle()
  expect(seen).toBe(-1)
  const late = informer.caughtUp(stored(thing('c', 99)))
  informer.stop()
  await expect(late).rejects.toThrow('stopped')
})

it('says nothing more after stop, and leaves no watch or timer', async () => {
  const { server, informer, clock } = setUp([])
  await informer.synced
  await settle()
  const seen: unknown[] = []
  informer.onChange({ added: (object) => seen.push(object) })
  const last = server.watches.at(-1)
  informer.stop()
  last?.sink.events([{ type: 'ADDED', object: thing('late', 9) }])
  expect(seen).toEqual([])
  expect(server.watches.every((watch) => watch.stopped)).toBe(true)
  expect(clock.pending).toBe(0)
})

it('survives a handler that throws', async () => {
  const { server, informer } = setUp([])
  await informer.synced
  await settle()
  const seen: string[] = []
  informer.onChange({
    added: () => {
      throw new Error('bad handler')
    },
  })
  informer.onChange({ added: (object) => seen.push(keyOf(object)) })
  server.send({ type: 'ADDED', object: thing('a', 2) })
  expect(seen).toEqual(['ns/a'])
})

it('shares one watch per resource and ends it with its last share', async () => {
  const clock = createFakeClock()
  const server = new ScriptedServer([thing('a', 1)], '1')
  const informers = createSharedInformers({ client: server.client, clock, log: silentLog })
  const first = informers.share(things)
  const second = informers.share(things)
  await second.synced
  await settle()
  expect(server.watches).toHaveLength(1)
  const seen: string[] = []
  first.onChange({ added: (object) => seen.push(keyOf(object)) })
  first.stop()
  server.send({ type: 'ADDED', object: thing('b', 2) })
  expect(seen).toEqual(['ns/a'])
  expect(second.list()).toHaveLength(2)
  second.stop()
  expect(server.watches[0]?.stopped).toBe(true)
})

function setUp(
  items: KubeObject[],
  revision = '10',
  failure?: Error,
  pageSize?: number,
): { server: ScriptedServer; informer: Informer; clock: FakeClock } {
  const clock = createFakeClock()
  const server = new ScriptedServer(items, revision, failure)
  const informer = createInformer({
    client: server.client,
    resource: things,
    clock,
    log: silentLog,
    ...(pageSize === undefined ? {} : { pageSize }),
  })
  informer.start()
  return { server, informer, clock }
}

const thing = (name: string, revision: number, colour = '', uid = name): KubeObject => ({
  metadata: { name, namespace: 'ns', uid, resourceVersion: String(revision), labels: colour ? { colour } : {} },
})

/** A server that answers lists from `items` and sends what it is told to. */
class ScriptedServer {
  lists = 0
  items: KubeObject[]
  revision: string
  failure: Error | undefined
  readonly watches: { options: ListOptions; sink: EventSink; stopped: boolean }[] = []
  readonly client: Client

  constructor(items: KubeObject[], revision: string, failure?: Error) {
    this.items = items
    this.revision = revision
    this.failure = failure
    this.client = {
      list: async (_resource: Resource, { limit = Infinity, continue: from = '0' }: ListOptions) => {
        this.lists++
        if (this.failure) throw this.failure
        const end = Number(from) + limit
        const more = end < this.items.length ? { continue: String(end) } : {}
        return { metadata: { resourceVersion: this.revision, ...more }, items: this.items.slice(Number(from), end) }
      },
      watch: (_resource: Resource, options: ListOptions, sink: EventSink) => {
        const watch = { options, sink, stopped: false }
        this.watches.push(watch)
        return () => {
          watch.stopped = true
        }
      },
    } as unknown as Client
  }

  send(...events: WatchEvent[]): void {
    this.watches.at(-1)?.sink.events(events)
  }

  close(error: Error): void {
    this.watches.at(-1)?.sink.closed(error)
  }
}
