import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ComponentStatus, ComponentStatusList } from '#shared/kube/generated/types.ts'
import { admin, startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { componentStatuses } from './component-statuses.ts'
import { kinds } from '../kinds/index.ts'

let api: TestApiServer
let problem: string | undefined
beforeEach(async () => {
  problem = undefined
  const components = { scheduler: () => undefined, 'etcd-0': () => Promise.resolve(problem) }
  api = await startApiServer({ kinds, views: [componentStatuses(components)] })
})
afterEach(() => api.stop())

const path = '/api/v1/componentstatuses'
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
const ask = (method: Method, at: string, accept?: string): Promise<unknown> =>
  api.server.transportFor(admin).request({ method, path: at, ...(accept === undefined ? {} : { accept }) })
const named = async (selector: string): Promise<unknown[]> =>
  ((await ask('GET', `${path}?${selector}`)) as ComponentStatusList).items.map(({ metadata }) => metadata.name)

it('asks the components anew at every read', async () => {
  expect(await ask('GET', `${path}/etcd-0`)).toEqual({
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name: 'etcd-0' },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  })
  problem = 'disk on fire'
  const { conditions } = (await ask('GET', `${path}/etcd-0`)) as ComponentStatus
  expect(conditions).toEqual([{ type: 'Healthy', status: 'False', error: 'disk on fire' }])
})

it('lists them, whole or by name', async () => {
  expect(await ask('GET', path)).toMatchObject({ apiVersion: 'v1', kind: 'ComponentStatusList' })
  expect(await named('')).toEqual(['scheduler', 'etcd-0'])
  expect(await named('fieldSelector=metadata.name%3Detcd-0')).toEqual(['etcd-0'])
  expect(await named('labelSelector=a%3Db')).toEqual([])
})

it('prints what is healthy and what is wrong', async () => {
  problem = 'disk on fire'
  const table = await ask('GET', path, 'application/json;as=Table;v=v1;g=meta.k8s.io')
  const { columnDefinitions, rows } = table as { columnDefinitions: { name: string }[]; rows: { cells: unknown }[] }
  expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Status', 'Message', 'Error'])
  expect(rows.map(({ cells }) => cells)).toEqual([
    ['scheduler', 'Healthy', 'ok', ''],
    ['etcd-0', 'Unhealthy', '', 'disk on fire'],
  ])
})

it('knows no other names', async () => {
  await expect(ask('GET', `${path}/kubelet`)).rejects.toMatchObject({
    code: 404,
    message: 'componentstatuses "kubelet" not found',
  })
})

it.each([
  ['POST', path],
  ['PUT', `${path}/etcd-0`],
  ['PATCH', `${path}/etcd-0`],
  ['DELETE', `${path}/etcd-0`],
  ['DELETE', path],
  ['GET', `${path}?watch=1`],
] as const)('refuses %s %s', async (method, at) => {
  await expect(ask(method, at)).rejects.toMatchObject({ code: 405 })
})

it('is told by discovery, with its short name', async () => {
  const { resources } = (await ask('GET', '/api/v1')) as { resources: { name: string }[] }
  expect(resources.find(({ name }) => name === 'componentstatuses')).toMatchObject({
    kind: 'ComponentStatus',
    namespaced: false,
    shortNames: ['cs'],
    verbs: ['get', 'list'],
  })
})
