import { afterEach, beforeEach, expect, it } from 'vitest'
import { StopStack } from '#shared/base/disposable.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '#shared/kube/generated/types.ts'
import { customResourceDefinitions } from '#shared/kube/resources.ts'
import type { TestApiServer } from '#test/support/api-server.ts'
import { startCustomApi } from '#test/support/custom-api.ts'

let stops: StopStack
let api: TestApiServer

beforeEach(async () => {
  stops = new StopStack()
  api = await startCustomApi(stops)
})
afterEach(() => stops.stop())

const name = 'ships.sea.example.com'
const ships: CustomResourceDefinition = {
  metadata: { name },
  spec: {
    group: 'sea.example.com',
    scope: 'Cluster',
    names: { plural: 'ships', kind: 'Ship' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}

async function established(): Promise<Partial<CustomResourceDefinitionCondition> | undefined> {
  const { status } = await api.client.get(customResourceDefinitions, { name })
  return status?.conditions?.find(({ type }) => type === 'Established')
}

it('a definition with a placeholder for its CA bundle is served once it has a good one, or none', async () => {
  const clientConfig = { caBundle: 'Cg==', service: { namespace: 'a', name: 'b' } }
  const conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig } }
  await api.client.create(customResourceDefinitions, { ...ships, spec: { ...ships.spec, conversion } })
  await expect.poll(established).toMatchObject({ status: 'False', reason: 'InvalidCABundle' })
  const read = (): Promise<unknown> =>
    api.client.transport.request({ method: 'GET', path: '/apis/sea.example.com/v1/ships' })
  await expect(read()).rejects.toMatchObject({ code: 404 })
  const body = { spec: { conversion: { webhook: { clientConfig: { caBundle: null } } } } }
  await api.client.patch(customResourceDefinitions, { name }, { type: 'merge', body })
  await expect.poll(established).toMatchObject({ status: 'True' })
  expect(await read()).toMatchObject({ kind: 'ShipList' })
})

it('a kind with a column whose path cannot be parsed has the standard columns', async () => {
  const [version] = ships.spec.versions
  const columns = [{ name: 'Hull', type: 'string', jsonPath: '.spec.hull[' }]
  const versions = version ? [{ ...version, additionalPrinterColumns: columns }] : []
  await api.client.create(customResourceDefinitions, { ...ships, spec: { ...ships.spec, versions } })
  await expect.poll(established).toMatchObject({ status: 'True' })
  const table = (await api.client.transport.request({
    method: 'GET',
    path: '/apis/sea.example.com/v1/ships',
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  })) as { columnDefinitions: { name: string }[] }
  expect(table.columnDefinitions.map((column) => column.name)).toEqual(['Name', 'Age'])
})
