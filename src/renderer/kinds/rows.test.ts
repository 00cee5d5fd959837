import { expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { stored } from '#test/support/stored.ts'
import { textAt } from '../components/table.ts'
import { gibibytes } from './cells.ts'
import { kinds } from './index.ts'
import { deployment } from './apps/deployment.ts'
import { job } from './batch/job.ts'
import { pod } from './core/pod.ts'
import type { KindDescriptor } from './descriptor.ts'
import { columnTitle, columnsOf, createRows, labelColumn, shownColumns, type RowQuery, type Rows } from './rows.ts'
import { isKeyOf, matchOf } from './filter/match.ts'
import { parseFilter } from './filter/parse.ts'

const now = Date.parse('2026-11-23T10:00:00Z')
/** What the API server gives every object. */
const given = (name: string) => ({ name, uid: `uid-of-${name}`, resourceVersion: '1' })
const makePod = (
  name: string,
  namespace: string,
  more: Partial<Pod['status']> = {},
  labels: Record<string, string> = {},
): Stored<Pod> => ({
  metadata: { ...given(name), namespace, labels, creationTimestamp: '2026-11-23T09:00:00Z' },
  spec: { containers: [{ name: 'c' }], nodeName: 'w1' },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: 0, state: { running: {} } }],
    ...more,
  },
})
const objects = [
  makePod('web-10', 'a', {}, { app: 'web' }),
  makePod('web-9', 'a', {}, { app: 'web' }),
  makePod('db-1', 'b', { phase: 'Pending', conditions: [], containerStatuses: [] }, { app: 'db' }),
]
const podColumns = columnsOf(pod)
const matching = (filter: string): RowQuery['match'] =>
  matchOf(parseFilter(filter, isKeyOf({ columns: podColumns })), { columns: podColumns })
const query = (more: Partial<RowQuery> = {}): RowQuery => ({
  columns: podColumns,
  match: () => true,
  sort: { column: 'name', descending: false },
  ...more,
})
const rowsOf = (all: readonly Stored[], wanted: RowQuery): Rows => createRows()(all, wanted, now)
const ids = (more: Partial<RowQuery>): string[] => rowsOf(objects, query(more)).rows.map(({ id }) => id)

test('sorts numbers in names as numbers, either way', () => {
  expect(ids({})).toEqual(['b/db-1', 'a/web-9', 'a/web-10'])
  expect(ids({ sort: { column: 'name', descending: true } })).toEqual(['a/web-10', 'a/web-9', 'b/db-1'])
})

test('filters by any cell and by label; counts what is hidden', () => {
  expect(ids({ match: matching('pend') })).toEqual(['b/db-1'])
  expect(ids({ match: matching('app=web') })).toHaveLength(2)
  expect(rowsOf(objects, query({ match: matching('nothing like it') }))).toEqual({ rows: [], hidden: 3 })
})

test('after a change only the objects that changed are looked at, and the order is that of a new list', () => {
  let asked = 0
  const rows = createRows()
  const wanted = query({ match: () => ++asked > 0 })
  const many = Array.from({ length: 200 }, (_, at) => makePod(`web-${(at * 37) % 200}`, 'a'))
  rows(many, wanted, now)
  expect(asked).toBe(200)
  const next = [...many.slice(1, 150), makePod('web-77b', 'a'), makePod('aaa', 'a')]
  const after = rows(next, wanted, now)
  expect(asked).toBe(202)
  expect(after.rows.map(({ id }) => id)).toEqual(rowsOf(next, wanted).rows.map(({ id }) => id))
  expect(rows(next, query({ sort: { column: 'name', descending: true } }), now).rows[0]?.id).toBe('a/web-199')
})

test('the user chooses, orders and adds columns; the name stays first', () => {
  const shown = shownColumns(podColumns, ['age', 'label:app', 'name', 'gone', 'status'])
  expect(shown.map(columnTitle)).toEqual(['Name', 'Age', 'app', 'Status'])
  expect(labelColumn('label:app').value(objects[0]!)).toBe('web')
  expect(
    shownColumns([...podColumns, { id: 'x', wide: true, value: () => '' }], undefined).map(({ id }) => id),
  ).toEqual(podColumns.map(({ id }) => id))
})

test('every column of every kind has a heading in the texts', () => {
  const ids = kinds.flatMap((kind) => columnsOf(kind).map((column) => ({ id: column.id, title: columnTitle(column) })))
  expect(ids.filter(({ id, title }) => id === title && id !== 'ip').map(({ id }) => id)).toEqual([])
})

test('makes the cells of a row only when they are looked at, and only once', () => {
  let made = 0
  const columns = [...columnsOf(pod), { id: 'probe', title: 'Probe', value: () => ++made }]
  const { rows } = rowsOf(objects, query({ columns }))
  expect(made).toBe(0)
  expect(rows[1]?.cells.at(-1)?.text).toBe('1')
  expect(rows[1]?.cells.at(-1)?.text).toBe('1')
})

test('time changes the text of ages, and neither the rows nor their order', () => {
  const aged = ['2026-11-23T09:00:00Z', '2026-11-20T09:00:00Z', '2026-11-23T09:59:30Z'].map((creationTimestamp, i) => ({
    metadata: { ...given(`p${i}`), creationTimestamp },
  }))
  const { rows } = rowsOf([...aged, { metadata: given('none') }], query({ sort: { column: 'age', descending: false } }))
  expect(rows.map(({ id }) => id)).toEqual(['p2', 'p0', 'p1', 'none'])
  const ages = (at: number): string[] => rows.map(({ cells }) => (cells.at(-1) ? textAt(cells.at(-1)!, at) : ''))
  expect(ages(now)).toEqual(['30 s', '60 min', '3 d', '–'])
  expect(ages(now + 60_000)).toEqual(['90 s', '61 min', '3 d', '–'])
})

test('shows what kubectl shows', () => {
  const [row] = rowsOf([objects[0]!], query()).rows
  expect(row?.cells.map((cell) => textAt(cell, now))).toEqual([
    'web-10',
    'a',
    '1/1',
    'Running',
    '0',
    '',
    '',
    'w1',
    '',
    '60 min',
  ])
  expect(row?.cells.flatMap(({ usage }) => usage ?? [])).toEqual(['cpu', 'memory'])
  expect(row?.cells[3]?.tone).toBe('good')
})

/** What the API server gives every object, and what the kinds' own validation requires. */
const bareObject = {
  metadata: given('x'),
  roleRef: { kind: 'Role', name: 'r' },
  involvedObject: {},
  provisioner: 'p',
  handler: 'h',
  driverName: 'd',
  storageClassName: 's',
  revision: 1,
  spec: {
    containers: [],
    group: 'g',
    names: { kind: 'K', plural: 'ks' },
    scope: 'Namespaced',
    versions: [],
    scaleTargetRef: { kind: 'Deployment', name: 'd' },
    parentRef: { resource: 'services', name: 's' },
    source: {},
    drivers: [],
    pool: { name: 'p' },
    jobTemplate: { spec: { template: {} } },
    priorityLevelConfiguration: {},
    signerName: 's',
    spec: {},
  },
} as Stored

test.each(kinds.map((kind) => [kind.title, kind] as const))(
  '%s can show an object that has nothing but what the API server gives it',
  (_title, kind) => {
    const bare = bareObject
    const { rows } = rowsOf([bare], { ...query(), columns: columnsOf(kind) })
    expect(rows[0]?.cells[0]?.text).toBe('x')
    expect(() => kind.details?.(bare)).not.toThrow()
    expect(() => kind.logs?.(bare)).not.toThrow()
  },
)

test.each([
  ['24684092Ki', '23.5 GiB'],
  ['512Mi', '0.5 GiB'],
  ['none', ''],
  [undefined, ''],
])('memory of %s is shown as %s', (quantity, shown) => expect(gibibytes(quantity)).toBe(shown))

test('where there is no room, names keep their ends and images their tags', () => {
  const cellOf = (kind: KindDescriptor, id: string, object: KubeObject): string => {
    const columns = columnsOf(kind)
    const [row] = rowsOf([stored(object)], query({ columns })).rows
    const { text, keepFrom } = row?.cells[columns.findIndex((column) => column.id === id)] ?? { text: '' }
    return String(text).slice(keepFrom ?? 0)
  }
  const metadata = { name: 'web', namespace: 'shop' }
  const onWorker = { ...makePod('web', 'shop'), spec: { containers: [], nodeName: 'a-long-cluster-worker-1' } }
  expect(cellOf(pod, 'node', onWorker)).toBe('worker-1')
  const template = { spec: { containers: [{ image: 'registry.example.com/shop/web:2.9.1' }] } }
  const withImage = { metadata, spec: { template } }
  expect(cellOf(deployment, 'images', withImage)).toBe('web:2.9.1')
})

test('a Job that has failed took as long as until then', () => {
  const status = {
    startTime: '2026-11-23T09:00:00Z',
    conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: '2026-11-23T09:00:42Z' }],
  }
  const column = job.columns.find(({ id }) => id === 'duration')
  const failed = stored({ metadata: { name: 'migrate', namespace: 'shop' }, status })
  expect(column?.text?.(failed, Date.parse('2026-11-24T09:00:00Z'))).toBe('42 s')
  expect(column?.value(failed)).toBe(42_000)
})
