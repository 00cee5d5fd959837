import { expect, it } from 'vitest'
import { merge, partOf } from './remote-schemas.ts'

const ref = (name: string): object => ({ $ref: `#/definitions/${name}` })
const document = {
  swagger: '2.0',
  paths: {
    '/apis/sea.example.com/v1/ships': { get: { responses: { 200: { schema: ref('ShipList') } } } },
    '/apis/sea.example.com/v2/ships': { get: { responses: { 200: { schema: ref('Other') } } } },
    '/version/': {},
  },
  definitions: {
    ShipList: { properties: { items: { type: 'array', items: ref('Ship') }, metadata: ref('ListMeta') } },
    Ship: { properties: { bow: ref('Ship'), metadata: ref('Meta') } },
    ListMeta: { type: 'object' },
    Meta: { type: 'object', description: 'theirs' },
    Flag: { 'x-kubernetes-group-version-kind': [{ group: 'sea.example.com', version: 'v1', kind: 'Flag' }] },
    Other: {},
    Unused: {},
  },
}

it('takes the paths of a group version, and the definitions that they refer to', () => {
  const { paths, definitions } = partOf(document, 'apis/sea.example.com/v1')
  expect(Object.keys(paths)).toEqual(['/apis/sea.example.com/v1/ships'])
  expect(Object.keys(definitions).sort()).toEqual(['Flag', 'ListMeta', 'Meta', 'Ship', 'ShipList'])
  expect(partOf(document, 'apis/sea.example.com/v9')).toEqual({ paths: {}, definitions: {} })
  expect(partOf('nonsense', 'apis/sea.example.com/v1')).toEqual({ paths: {}, definitions: {} })
})

it('shares equal definitions, and renames different ones', () => {
  const whole = {
    paths: {},
    definitions: { Meta: { type: 'object', description: 'ours' }, Meta_v2: {}, ListMeta: { type: 'object' } },
  } as { paths: Record<string, unknown>; definitions: Record<string, unknown> }
  merge(whole, partOf(document, 'apis/sea.example.com/v1'))
  expect(Object.keys(whole.definitions).sort()).toEqual([
    'Flag',
    'ListMeta',
    'Meta',
    'Meta_v2',
    'Meta_v3',
    'Ship',
    'ShipList',
  ])
  expect(whole.definitions['Meta']).toMatchObject({ description: 'ours' })
  expect(whole.definitions['Ship']).toEqual({ properties: { bow: ref('Ship'), metadata: ref('Meta_v3') } })
  expect(whole.paths).toHaveProperty(['/apis/sea.example.com/v1/ships'])
})
