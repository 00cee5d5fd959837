import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { kinds } from '../kinds/index.ts'

interface Field {
  $ref?: string
  default?: unknown
  type?: string
  items?: Field
  additionalProperties?: Field
}
interface Document {
  paths: Record<string, Record<string, { operationId?: string; tags?: string[] }>>
  components: { schemas: Record<string, { properties?: Record<string, Field>; required?: string[] }> }
}

let api: TestApiServer
let documents: Document[]
const get = <T>(path: string): Promise<T> => api.client.transport.request({ method: 'GET', path }) as Promise<T>

beforeAll(async () => {
  api = await startApiServer({ kinds })
  const { paths } = await get<{ paths: Record<string, unknown> }>('/openapi/v3')
  documents = await Promise.all(Object.keys(paths).map((path) => get<Document>(`/openapi/v3/${path}`)))
})
afterAll(() => api.stop())

const schemas = (): Document['components']['schemas'] =>
  Object.assign({}, ...documents.map(({ components }) => components.schemas)) as Document['components']['schemas']

const field = (path: string): Field | undefined => {
  const [kind = '', name = ''] = path.split(' ')
  return schemas()[`io.k8s.${kind}`]?.properties?.[name]
}

it('every schema that a document refers to is in it', () => {
  for (const document of documents) {
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name)
    expect(names.filter((name) => !(`${name}` in document.components.schemas))).toEqual([])
  }
})

it.each<[string, unknown]>([
  ['api.core.v1.Pod metadata', {}],
  ['api.core.v1.Pod status', {}],
  ['api.core.v1.Container name', ''],
  ['api.core.v1.Container image', undefined],
  ['api.core.v1.Container securityContext', undefined],
  ['api.core.v1.ContainerPort containerPort', 0],
  ['api.core.v1.ContainerPort protocol', 'TCP'],
  ['api.core.v1.ContainerStatus ready', false],
  ['api.core.v1.LocalObjectReference name', ''],
  ['api.core.v1.ReplicationControllerSpec replicas', 1],
  ['api.core.v1.ServicePort targetPort', undefined],
  ['api.apps.v1.ControllerRevision data', undefined],
  ['api.apps.v1.ControllerRevision revision', 0],
  ['api.apps.v1.DaemonSetCondition lastTransitionTime', undefined],
  ['api.apps.v1.DaemonSetList metadata', {}],
  ['api.apps.v1.DaemonSetSpec selector', undefined],
  ['api.resource.v1.Counter value', undefined],
])('%s has the default %j', (path, value) => {
  expect(field(path)).toBeDefined()
  expect(field(path)?.default).toEqual(value)
})

it('what lists and maps hold has a default, except types that are written in a form of their own', () => {
  expect(field('api.core.v1.Container env')?.items?.default).toEqual({})
  expect(field('api.core.v1.Container args')?.items?.default).toBe('')
  expect(field('api.core.v1.ConfigMap data')?.additionalProperties?.default).toBe('')
  expect(field('api.core.v1.ConfigMap binaryData')?.additionalProperties).not.toHaveProperty('default')
  expect(field('api.core.v1.ResourceRequirements limits')?.additionalProperties).not.toHaveProperty('default')
  expect(field('api.resource.v1.CounterSet counters')?.additionalProperties?.default).toEqual({})
})

it('the v2 document has no defaults', async () => {
  const { definitions } = await get<{ definitions: Document['components']['schemas'] }>('/openapi/v2')
  const withDefault = Object.entries(definitions).flatMap(([name, { properties = {} }]) =>
    Object.entries(properties).flatMap(([key, value]) =>
      [value, value.items, value.additionalProperties].some((part) => part && 'default' in part)
        ? [`${name}.${key}`]
        : [],
    ),
  )
  expect(withDefault).toEqual([])
})

it('operations have the ids that clients are generated from', () => {
  const folder = join(import.meta.dirname, '../../../../../node_modules/@kubernetes/client-node/dist/gen/apis')
  const generated = readdirSync(folder).flatMap((file) => {
    const api = /^(\w+V[12])Api\.d\.ts$/.exec(file)?.[1]
    if (api === undefined) return []
    const text = readFileSync(join(folder, file), 'utf8')
    return [...text.matchAll(/^ {4}([a-z]\w+)\(.*Promise<RequestContext>/gm)].map(([, name]) => `${api}.${name}`)
  })
  const served = documents.flatMap(({ paths }) =>
    Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap(({ operationId, tags }) => {
        const api = (tags?.[0] ?? '')
          .split('_')
          .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
          .join('')
        return operationId === undefined ? [] : [`${api}.${operationId.replace(api, '')}`]
      }),
    ),
  )
  const executed = /^Auth/
  expect(served.filter((id) => !executed.test(id)).sort()).toEqual(generated.filter((id) => !executed.test(id)).sort())
})
