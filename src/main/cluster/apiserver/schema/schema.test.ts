import { describe, expect, it } from 'vitest'
import { kinds } from '../kinds/index.ts'
import { loadSchema } from './schema.ts'

const schema = loadSchema()
const core = 'io.k8s.api.core.v1'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

it('refers only to its own definitions', () => {
  const missing = new Set<string>()
  JSON.stringify(schema.definitions, (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') {
      const name = value.replace('#/components/schemas/', '')
      if (!schema.definition(name)) missing.add(name)
    }
    return value
  })
  expect([...missing]).toEqual([])
})

it('describes every kind served', () => {
  for (const kind of kinds) {
    const definition = schema.definition(kind.schema)
    expect(definition?.description, kind.schema).not.toBe('')
    expect(definition?.properties?.['metadata']?.$ref).toBe(`#/components/schemas/${meta}.ObjectMeta`)
  }
})

it('gives options their kind in every version of every group', () => {
  const kind = 'DeleteOptions'
  const kinds = schema.definition(`${meta}.${kind}`)?.['x-kubernetes-group-version-kind']
  expect(kinds).toHaveLength(60)
  expect(kinds).toEqual(
    expect.arrayContaining([
      { group: '', kind, version: 'v1' },
      { group: 'apps', kind, version: 'v1beta2' },
      { group: 'storagemigration.k8s.io', kind, version: 'v1beta1' },
    ]),
  )
})

it('does not read properties of the prototype', () => {
  expect(schema.definition('constructor')).toBeUndefined()
})

describe('merging', () => {
  it.each<[string, string, string[], string[], string | undefined]>([
    [`${core}.PodSpec`, 'containers', ['merge'], ['name'], 'name'],
    [`${core}.PodSpec`, 'volumes', ['merge', 'retainKeys'], ['name'], 'name'],
    [`${core}.Container`, 'ports', ['merge'], ['containerPort', 'protocol'], 'containerPort'],
    [`${core}.Container`, 'env', ['merge'], ['name'], 'name'],
    [`${core}.Container`, 'volumeMounts', ['merge'], ['mountPath'], 'mountPath'],
    [`${core}.ServiceSpec`, 'ports', ['merge'], ['port', 'protocol'], 'port'],
    [`${core}.PodStatus`, 'conditions', ['merge'], ['type'], 'type'],
    [`${core}.PodSpec`, 'topologySpreadConstraints', ['merge'], ['topologyKey', 'whenUnsatisfiable'], 'topologyKey'],
    [`${meta}.ObjectMeta`, 'ownerReferences', ['merge'], ['uid'], 'uid'],
  ])('%s.%s merges by its keys', (name, field, strategies, keys, mergeKey) => {
    expect(schema.type(name).field(field)).toMatchObject({ kind: 'list', listType: 'map', strategies, keys, mergeKey })
  })

  it.each([
    [`${core}.PodSpec`, 'tolerations'],
    [`${core}.Container`, 'args'],
    [`${core}.PodSpec`, 'nodeSelector'],
    [`${core}.ServiceSpec`, 'selector'],
    ['io.k8s.api.apps.v1.DeploymentSpec', 'selector'],
    ['io.k8s.api.rbac.v1.ClusterRole', 'rules'],
  ])('%s.%s is atomic', (name, field) => {
    expect(schema.type(name).field(field)?.atomic).toBe(true)
  })

  it('treats finalizers as a set, and a deployment strategy as retainKeys', () => {
    expect(schema.type(`${meta}.ObjectMeta`).field('finalizers')).toMatchObject({
      listType: 'set',
      strategies: ['merge'],
    })
    expect(schema.type('io.k8s.api.apps.v1.DeploymentSpec').field('strategy')?.strategies).toEqual(['retainKeys'])
  })

  it('has the default protocol of ports', () => {
    expect(schema.type(`${core}.Container`).field('ports')?.keyDefaults).toEqual({ protocol: 'TCP' })
  })
})

it.each<[string, string, string]>([
  [`${core}.ResourceRequirements`, 'limits', 'quantity'],
  [`${core}.EmptyDirVolumeSource`, 'sizeLimit', 'quantity'],
  [`${core}.ServicePort`, 'targetPort', 'int-or-string'],
  [`${core}.ServicePort`, 'port', 'int32'],
  [`${core}.Secret`, 'data', 'bytes'],
  [`${meta}.ObjectMeta`, 'creationTimestamp', 'time'],
  ['io.k8s.api.coordination.v1.LeaseSpec', 'renewTime', 'micro-time'],
])('reads %s.%s as %s', (name, field, scalar) => {
  const type = schema.type(name).field(field)
  expect((type?.kind === 'map' ? type.items : type)?.scalar).toBe(scalar)
})

it('lists enum values', () => {
  expect(schema.definition(`${core}.Container`)?.properties?.['imagePullPolicy']).toMatchObject({
    enum: ['Always', 'IfNotPresent', 'Never'],
  })
})

it('has required fields', () => {
  expect(schema.definition(`${core}.Container`)?.required).toEqual(['name'])
  expect(schema.definition('io.k8s.api.apps.v1.DeploymentSpec')?.required).toEqual(['selector', 'template'])
})
