import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CustomObjectsApi, KubeConfig, Watch } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Kubectl } from '../support/kubectl.ts'
import { startSimulatedCluster, type SimulatedCluster } from '../support/simulated-cluster.ts'

let cluster: SimulatedCluster
let kubectl: Kubectl
let config: KubeConfig

beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
  kubectl = cluster.kubectl
  config = new KubeConfig()
  config.loadFromString(await readFile(join(cluster.dir, 'cluster/kubeconfig'), 'utf8'))
  await kubectl.withInput(definition, 'apply', '-f', '-')
  await kubectl.ok('wait', '--for=condition=Established', 'crd/ships.sea.example.com', '--timeout=10s')
})
afterAll(() => cluster?.stop())

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.sea.example.com}
spec:
  group: sea.example.com
  scope: Namespaced
  names: {plural: ships, singular: ship, kind: Ship, shortNames: [sh], categories: [fleet]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Color, type: string, jsonPath: .spec.color}
    - {name: Masts, type: integer, jsonPath: .spec.masts}
    selectableFields:
    - {jsonPath: .spec.color}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.masts, statusReplicasPath: .status.masts}
    schema:
      openAPIV3Schema:
        type: object
        description: A vessel.
        properties:
          spec:
            type: object
            required: [color]
            properties:
              color: {type: string, enum: [red, blue], description: What it is painted in.}
              masts:
                type: integer
                default: 1
                x-kubernetes-validations:
                - {rule: self >= oldSelf, message: masts are never cut}
              holds:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    cargo: {type: string, nullable: true}
          status:
            type: object
            properties:
              masts: {type: integer}
`

const ship = (name: string, spec: string): string =>
  `apiVersion: sea.example.com/v1
kind: Ship
metadata: {name: ${name}}
spec: ${spec}
`
const apply = async (text: string, ...flags: string[]): Promise<string> => {
  const { stdout, stderr } = await kubectl.withInput(text, 'apply', ...flags, '-f', '-')
  return stdout + stderr
}

it('kubectl finds custom resources by every name, prints their columns and explains them', async () => {
  expect(await apply(ship('red', '{color: red}'))).toContain('ship.sea.example.com/red created')
  for (const name of ['ships', 'ship', 'sh', 'ships.sea.example.com', 'fleet']) {
    const [head = '', row = ''] = (await kubectl.ok('get', name)).split('\n')
    expect(head).toMatch(/^NAME\s+COLOR\s+MASTS$/)
    expect(row).toMatch(/red\s+red\s+1$/)
  }
  expect(await kubectl.ok('explain', 'ship.spec')).toContain('What it is painted in.')
  expect(await kubectl.ok('api-resources', '--api-group=sea.example.com')).toMatch(/ships\s+sh\s+sea.example.com\/v1/)
  await kubectl.ok('delete', 'ship', 'red')
})

it('kubectl is told what is wrong, and of fields that nobody knows', async () => {
  expect(await apply(ship('green', '{color: green}'))).toContain(
    'spec.color: Unsupported value: "green": supported values: "red", "blue"',
  )
  expect(await apply(ship('red', '{color: red, sails: 3}'))).toMatch(/unknown field "(spec\.)?sails"/)
  expect(await apply(ship('red', '{color: red, sails: 3}'), '--validate=false')).toContain('created')
  expect(await kubectl.ok('get', 'ship', 'red', '-o', 'jsonpath={.spec}')).toBe('{"color":"red","masts":1}')
  expect(await apply(ship('red', '{color: red, masts: 0}'))).toContain('masts are never cut')
  const { code, stderr } = await kubectl('patch', 'ship', 'red', '--type=strategic', '-p', '{"spec":{}}')
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('accepted media types include: application/json-patch+json'),
  })
  await kubectl.ok('delete', 'ship', 'red')
})

it('kubectl takes null where the schema allows it', async () => {
  expect(await apply(ship('empty', '{color: red, holds: [{name: fore, cargo: null}]}'))).toContain('created')
  await kubectl.ok('delete', 'ship', 'empty')
})

it('two appliers own items of their own, and conflict about the same', async () => {
  const item = (name: string, cargo: string): string =>
    ship('shared', `{color: red, holds: [{name: ${name}, cargo: ${cargo}}]}`)
  await apply(item('fore', 'tea'), '--server-side', '--field-manager=one')
  await apply(item('aft', 'rum'), '--server-side', '--field-manager=two')
  expect(await kubectl.ok('get', 'ship', 'shared', '-o', 'jsonpath={.spec.holds[*].cargo}')).toBe('tea rum')
  expect(await apply(item('fore', 'silk'), '--server-side', '--field-manager=two')).toContain(
    '.spec.holds[name="fore"].cargo',
  )
  await kubectl.ok('delete', 'ship', 'shared')
})

it('scale, status and field selectors work with kubectl and the client library', async () => {
  await apply(ship('a', '{color: red}'))
  await apply(ship('b', '{color: blue}'))
  await kubectl.ok('scale', 'ship/a', '--replicas=3')
  expect(await kubectl.ok('get', 'ships', '--field-selector=spec.color=blue', '-o', 'name')).toBe(
    'ship.sea.example.com/b\n',
  )
  const objects = config.makeApiClient(CustomObjectsApi)
  const at = { group: 'sea.example.com', version: 'v1', namespace: 'default', plural: 'ships', name: 'a' }
  const found = (await objects.getNamespacedCustomObject(at)) as { spec: object; metadata: { generation: number } }
  expect(found).toMatchObject({ spec: { masts: 3 }, metadata: { generation: 2 } })
  const body = { ...found, spec: { color: 'blue' }, status: { masts: 3 } }
  expect(await objects.replaceNamespacedCustomObjectStatus({ ...at, body })).toMatchObject({
    spec: { color: 'red' },
    status: { masts: 3 },
    metadata: { generation: 2 },
  })
  await kubectl.ok('delete', 'ships', '--all')
})

it('a definition that goes takes its objects along, and whoever watches them is told', async () => {
  await apply(ship('last', '{color: red}'))
  const events: string[] = []
  const ended = new Promise<void>((resolve, reject) => {
    const path = '/apis/sea.example.com/v1/ships'
    new Watch(config)
      .watch(
        path,
        {},
        (type) => void events.push(type),
        () => resolve(),
      )
      .catch(reject)
  })
  await expect.poll(() => events).toEqual(['ADDED'])
  await kubectl.ok('delete', 'crd', 'ships.sea.example.com', '--timeout=30s')
  await ended
  expect(events).toEqual(['ADDED', 'DELETED'])
  expect((await kubectl('get', '--raw', '/apis/sea.example.com/v1/ships')).stderr).toContain('NotFound')
  expect(await kubectl.ok('get', '--raw', '/apis')).not.toContain('sea.example.com')
})
