import { expect, test } from 'vitest'
import type { ApiRequest, EventSink, Transport, WatchEvent } from '#shared/client/transport.ts'
import { printedColumns } from './printed.ts'
import { createTableTransport, printedOf } from '../api/table-transport.ts'

const columnDefinitions = [
  { name: 'Name', type: 'string', format: 'name' },
  { name: 'Phase', type: 'string' },
  { name: 'Size (GB)', type: 'integer' },
  { name: 'Detail', type: 'string', priority: 1 },
  { name: 'Age', type: 'date' },
]
const row = (name: string, phase: string | null, size: number) => ({
  cells: [name, phase, size, 'x', '5m'],
  object: { metadata: { name, namespace: 'shop', uid: name, resourceVersion: '7' } },
})

function fakeTransport(answer: unknown): { transport: Transport; asked: ApiRequest[]; sinks: EventSink[] } {
  const asked: ApiRequest[] = []
  const sinks: EventSink[] = []
  const transport = {
    request: (request: ApiRequest) => (asked.push(request), Promise.resolve(answer)),
    watch: (_request: unknown, sink: EventSink) => (sinks.push(sink), () => undefined),
  } as Transport
  return { transport, asked, sinks }
}

test('a Table becomes a list whose objects carry their cells', async () => {
  const { transport, asked } = fakeTransport({
    kind: 'Table',
    metadata: { resourceVersion: '9' },
    columnDefinitions,
    rows: [row('a', 'Up', 3)],
  })
  const list = (await createTableTransport(transport).request({
    method: 'GET',
    path: '/apis/x/v1/things?limit=1',
  })) as {
    metadata: object
    items: never[]
  }
  expect(asked[0]?.path).toBe('/apis/x/v1/things?limit=1&includeObject=Object')
  expect(asked[0]?.accept).toContain('as=Table')
  expect(list.metadata).toEqual({ resourceVersion: '9' })
  expect(list.items).toMatchObject([{ metadata: { name: 'a' } }])
  expect(JSON.stringify(list.items)).not.toContain('cells')
})

test('events keep the definitions of the first one', () => {
  const { transport, sinks } = fakeTransport({})
  const got: WatchEvent[] = []
  createTableTransport(transport).watch(
    { path: '/x' },
    { events: (batch) => void got.push(...batch), closed: () => undefined },
  )
  const event = (type: string, object: unknown) => ({ type, object }) as WatchEvent
  sinks[0]?.events([event('ADDED', { kind: 'Table', columnDefinitions, rows: [row('a', 'Up', 3)] })])
  sinks[0]?.events([
    event('MODIFIED', { kind: 'Table', rows: [row('a', null, 4)] }),
    event('BOOKMARK', { metadata: {} }),
  ])
  expect(got.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'BOOKMARK'])
  const changed = got[1]?.object
  expect(changed && printedOf(changed)?.cells[2]).toBe(4)
  const columns = printedColumns(got.slice(0, 2).map(({ object }) => object as never))
  expect(columns.map(({ id, title, numeric, wide }) => [id, title, numeric, wide])).toEqual([
    ['phase', 'Phase', false, false],
    ['size-gb', 'Size (GB)', true, false],
    ['detail', 'Detail', false, true],
  ])
  expect(columns.map(({ value }) => value(changed as never))).toEqual(['', 4, 'x'])
})

test('objects of a server without Tables have nothing printed', () => {
  expect(printedColumns([{ metadata: { name: 'a', uid: 'a', resourceVersion: '1' } }])).toEqual([])
})

test('columns of one name, and those named as every list’s own, are columns of their own', async () => {
  const names = ['Size', 'size', '<img src=x>', '日本', 'Namespace', 'Age']
  const { transport } = fakeTransport({
    kind: 'Table',
    metadata: {},
    columnDefinitions: names.map((name) => ({ name, type: 'integer' })),
    rows: [{ cells: [1, 2, 3, 4, 5, 6], object: { metadata: { name: 'a' } } }],
  })
  const list = (await createTableTransport(transport).request({ method: 'GET', path: '/x' })) as { items: never[] }
  const columns = printedColumns(list.items)
  expect(columns.map(({ title }) => title)).toEqual(names)
  expect(columns.map(({ id }) => id)).toEqual(['size', 'size-1', 'img-src-x', '-3', 'namespace-4', 'age-5'])
})
