import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeList, KubeObject } from '#shared/kube/object.ts'
import type { ApiError, Status } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { configMap, useRestApi, type ConfigMap } from '#test/support/rest-api.ts'
import { smallKinds } from '#test/support/small-kinds.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { KindDeclaration } from '../api/kind.ts'

const rest = useRestApi()
const { call, maps, send } = rest

interface Event {
  type: string
  object: KubeObject & Partial<Status>
}

/** Reads a watch until `enough`. */
async function watchEvents(
  path: string,
  enough: (events: Event[]) => boolean,
  ready?: () => Promise<void>,
): Promise<Event[]> {
  const stop = new AbortController()
  const response = await send(path, {
    signal: stop.signal,
  })
  const events: Event[] = []
  let rest = ''
  const started = ready?.()
  try {
    for await (const chunk of response.body) {
      rest += String(chunk)
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      events.push(...lines.map((line) => JSON.parse(line) as Event))
      if (enough(events)) break
    }
  } finally {
    stop.abort()
    await started
  }
  return events
}

const summary = (events: readonly Event[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`)

describe('watch', () => {
  it('tells the state first, then changes', async () => {
    await call('POST', maps(), configMap('a'))
    const events = await watchEvents(
      `${maps()}?watch=1`,
      (seen) => seen.length === 4,
      async () => {
        await call('POST', maps(), configMap('b'))
        await call('PUT', maps('b'), configMap('b', { x: '1' }))
        await call('DELETE', maps('b'))
      },
    )
    expect(summary(events)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED b', 'DELETED b'])
    const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    expect([...revisions].sort((a, b) => a - b)).toEqual(revisions)
  })

  it('goes on after a revision', async () => {
    const { body } = await call('POST', maps(), configMap('a'))
    await call('POST', maps(), configMap('b'))
    const events = await watchEvents(
      `${maps()}?watch=1&resourceVersion=${body.metadata.resourceVersion ?? ''}`,
      (seen) => seen.length === 1,
    )
    expect(summary(events)).toEqual(['ADDED b'])
  })

  it('tells objects that enter and leave a selection', async () => {
    const labelled = (color: string): unknown => ({ ...configMap('a'), metadata: { name: 'a', labels: { color } } })
    const events = await watchEvents(
      `${maps()}?watch=1&labelSelector=color%3Dred`,
      (seen) => seen.length === 3,
      async () => {
        await call('POST', maps(), labelled('blue'))
        await call('PUT', maps('a'), labelled('red'))
        await call('PUT', maps('a'), { ...(labelled('red') as ConfigMap), data: { x: '1' } })
        await call('PUT', maps('a'), labelled('blue'))
      },
    )
    expect(summary(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
    expect(events[2]?.object.metadata.labels).toEqual({ color: 'red' })
  })

  it('marks the end of the initial events for those who stream lists', async () => {
    await call('POST', maps(), configMap('a'))
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const events = await watchEvents(`${maps()}?${query}`, (seen) => seen.some(({ type }) => type === 'BOOKMARK'))
    expect(summary(events)).toEqual(['ADDED a', 'BOOKMARK '])
    expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    expect((await call('GET', `${maps()}?watch=1&sendInitialEvents=true`)).code).toBe(422)
  })

  it('begins after the answer before it on the same connection', async () => {
    await call('POST', maps(), { metadata: { name: 'first' } })
    const ask = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${rest.api.token}\r\n\r\n`
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(rest.api.url).port), ca: rest.api.ca })
    socket.write(ask(maps('first')) + ask(`${maps()}?watch=1`))
    let text = ''
    for await (const chunk of socket) if ((text += String(chunk)).includes('"type":"ADDED"')) break
    const [, first = '', second = ''] = text.split('HTTP/1.1 ')
    expect(first).toMatch(/^200 OK[^]*"name":"first"/)
    expect(second).toMatch(/^200 OK[^]*\r\n\r\n[0-9a-f]+\r\n\{"type":"ADDED"/)
    expect(text.startsWith('HTTP/1.1 ')).toBe(true)
  })

  it('ends after timeoutSeconds', async () => {
    const events = await watchEvents(`${maps()}?watch=1&timeoutSeconds=1`, () => false)
    expect(events).toEqual([])
  })

  it('fails alone when its events cannot be formed', async () => {
    const broken = {
      ...(smallKinds.find(({ plural }) => plural === 'configmaps') as KindDeclaration),
      columns: [
        {
          name: 'Throws',
          type: 'string' as const,
          description: '',
          value(): string {
            throw new Error('no such value')
          },
        },
      ],
    }
    const server = await startApiServer({ kinds: [broken] })
    const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
    const seen: string[] = []
    server.client.watch(
      configMaps,
      { resourceVersion: '1' },
      {
        events: (batch) => void seen.push(...batch.map(({ type }) => type)),
        closed: () => undefined,
      },
    )
    const closed = new Promise<unknown>((resolve) => {
      server.client.transport.watch(
        {
          path: '/api/v1/configmaps?watch=1&resourceVersion=1',
          accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
        },
        { events: () => undefined, closed: resolve },
      )
    })
    await server.client.get(configMaps, { namespace: 'default', name: 'none' }).catch(() => undefined)
    await server.client.create(configMaps, { ...configMap('a'), metadata: { name: 'a', namespace: 'default' } })
    expect(await closed).toMatchObject({ code: 500 })
    expect(seen).toEqual(['ADDED'])
    await server.stop()
  })

  it('watches one object by name', async () => {
    await call('POST', maps(), configMap('a'))
    await call('POST', maps(), configMap('b'))
    const events = await watchEvents(`${maps('b')}?watch=1`, (seen) => seen.length === 1)
    expect(summary(events)).toEqual(['ADDED b'])
  })
})

describe('history', () => {
  let small: TestApiServer
  const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
  const named = (name: string): KubeObject => ({ ...configMap(name), metadata: { name, namespace: 'default' } })

  beforeAll(async () => {
    small = await startApiServer({ store: createMemoryStore({ historySize: 8 }) })
  })

  afterAll(async () => {
    await small.stop()
    await small.store.close()
  })

  it('ends: old watches and continues get 410, and a way to go on', async () => {
    const path = '/api/v1/namespaces/default/configmaps'
    for (const name of ['a', 'b', 'c']) await small.client.create(configMaps, named(name))
    const page = (await small.client.transport.request({ method: 'GET', path: `${path}?limit=1` })) as KubeList
    for (let i = 0; i < 40; i++) await small.client.create(configMaps, named(`x${i}`))
    const closed = await new Promise<unknown>((resolve) => {
      small.client.watch(configMaps, { resourceVersion: '1' }, { events: () => undefined, closed: resolve })
    })
    expect(closed).toMatchObject({ code: 410, reason: 'Expired' })
    const token = page.metadata.continue ?? ''
    const expired = await small.client.transport
      .request({ method: 'GET', path: `${path}?limit=1&continue=${token}` })
      .catch((error: unknown) => error as ApiError)
    expect(expired).toMatchObject({ code: 410 })
    const fresh = String((expired as ApiError).status.metadata['continue'])
    const rest = (await small.client.transport.request({
      method: 'GET',
      path: `${path}?continue=${fresh}`,
    })) as KubeList
    expect(rest.items).toHaveLength(42)
  })
})
