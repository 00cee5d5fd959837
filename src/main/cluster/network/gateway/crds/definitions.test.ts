import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { definitionsVersion, ensureGatewayDefinitions, gatewayDefinitions } from './index.ts'

let plane: TestControlPlane
let client: Client
beforeAll(async () => {
  plane = await startControlPlane({ customResources: true })
  client = plane.client
  await ensureGatewayDefinitions(client)
})
afterAll(() => plane.stop())

it('are brought up to date where an earlier version has made them, and nobody has changed them', async () => {
  const read = (name: string) => client.get(customResourceDefinitions, { name: `${name}.gateway.networking.k8s.io` })
  /** As a version before marks has left it. */
  const age = async (name: string): Promise<void> => {
    const found = await read(name)
    const { annotations = {} } = found.metadata
    const { 'slipway.dev/definition': _mark, ...rest } = annotations
    await client.delete(customResourceDefinitions, { name: found.metadata.name })
    const { name: own, generation: _generation } = found.metadata
    const spec = structuredClone(found.spec)
    for (const { schema } of spec.versions) delete schema?.openAPIV3Schema?.properties?.spec
    await expect
      .poll(() =>
        client.create(customResourceDefinitions, { metadata: { name: own, annotations: rest }, spec }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
  }
  const hasSpec = async (name: string): Promise<boolean> =>
    (await read(name)).spec.versions.every(({ schema }) => schema?.openAPIV3Schema?.properties?.spec !== undefined)
  await age('grpcroutes')
  await age('backendtlspolicies')
  // Somebody has changed this one since.
  const name = 'backendtlspolicies.gateway.networking.k8s.io'
  const names = { ...(await read('backendtlspolicies')).spec.names, shortNames: ['mine'] }
  await client.patch(customResourceDefinitions, { name }, { type: 'merge', body: { spec: { names } } })
  await ensureGatewayDefinitions(client)
  expect([await hasSpec('grpcroutes'), await hasSpec('backendtlspolicies')]).toEqual([true, false])
  const { generation, annotations } = (await read('grpcroutes')).metadata
  expect(annotations?.['slipway.dev/definition']).toBe(`${generation}-${definitionsVersion}`)
  await ensureGatewayDefinitions(client)
  expect((await read('grpcroutes')).metadata.generation).toBe(generation)
})

it('have a number of their own for each state', () => {
  // Where this differs, raise `definitionsVersion`, and write both here.
  const sum = createHash('sha256').update(JSON.stringify(gatewayDefinitions)).digest('hex').slice(0, 12)
  expect([definitionsVersion, sum]).toEqual([2, '4bb8c08df5ab'])
})
