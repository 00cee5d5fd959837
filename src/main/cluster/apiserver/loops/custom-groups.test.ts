import { afterEach, beforeEach, expect, it } from 'vitest'
import { apiServices, customResourceDefinitions } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startCustomGroups } from './custom-groups.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startCustomGroups)
})
afterEach(() => plane.stop())

async function define(plural: string, versions: readonly string[]): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object' } }
  const made = await plane.client.create(customResourceDefinitions, {
    metadata: { name: `${plural}.sea.example.com` },
    spec: {
      group: 'sea.example.com',
      scope: 'Namespaced',
      names: { plural, kind: plural },
      versions: versions.map((name, i) => ({ name, served: name !== 'v0', storage: i === 0, schema })),
    },
  })
  const condition = { type: 'Established', status: 'True', reason: 'x', message: '' }
  await plane.client.updateStatus(customResourceDefinitions, {
    ...made,
    status: { conditions: [condition], acceptedNames: made.spec.names, storedVersions: [versions[0] ?? ''] },
  })
}

const registered = async (): Promise<string[]> =>
  (await plane.client.list(apiServices)).items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.endsWith('.sea.example.com'))
    .sort()

it('registers what definitions serve, as long as one does', async () => {
  await define('ships', ['v1', 'v2', 'v0'])
  await define('boats', ['v1'])
  await expect.poll(registered).toEqual(['v1.sea.example.com', 'v2.sea.example.com'])
  const made = await plane.client.get(apiServices, { name: 'v1.sea.example.com' })
  expect(made).toMatchObject({
    metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
    spec: { group: 'sea.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
  })
  await plane.client.delete(apiServices, { name: 'v2.sea.example.com' })
  await expect.poll(async () => (await registered()).length).toBe(2)
  await plane.client.delete(customResourceDefinitions, { name: 'ships.sea.example.com' })
  await expect.poll(registered).toEqual(['v1.sea.example.com'])
})

it("leaves others' registrations alone", async () => {
  await plane.client.create(apiServices, {
    metadata: { name: 'v1.sea.example.com' },
    spec: {
      group: 'sea.example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 1,
      service: { namespace: 'default', name: 'sea' },
      insecureSkipTLSVerify: true,
    },
  })
  await define('ships', ['v2', 'v1'])
  await expect.poll(registered).toEqual(['v1.sea.example.com', 'v2.sea.example.com'])
  expect((await plane.client.get(apiServices, { name: 'v1.sea.example.com' })).spec?.service?.name).toBe('sea')
})
