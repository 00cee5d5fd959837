import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KubeObject } from '#shared/kube/object.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { kinds } from '../../kinds/index.ts'
import { readManifests } from './documents.ts'
import { formOf } from './forms/index.ts'
import { templateOf } from './templates.ts'

let plane: TestControlPlane
beforeAll(async () => (plane = await startControlPlane()))
afterAll(() => plane.stop())

const templates = kinds.flatMap((kind): [string, KindDescriptor, string][] => {
  const text = templateOf(kind, 'default')
  return text === undefined ? [] : [[kind.title, kind, text]]
})

test.each(templates)('%s begin with a text that the server takes', async (_, { resource }, text) => {
  const [manifest] = readManifests(text).manifests
  await expect(plane.client.create(resource, manifest?.object as KubeObject)).resolves.toMatchObject({
    metadata: { name: 'app' },
  })
})

test('kinds that people write by hand can be begun, others not', () => {
  const isBegun = (title: string): boolean =>
    templates.some(([each]) => each === title) ||
    kinds.some((kind) => kind.title === title && formOf(kind) !== undefined)
  expect(
    ['Pods', 'Deployments', 'StatefulSets', 'DaemonSets', 'Roles', 'Ingresses', 'Secrets'].map(isBegun),
  ).not.toContain(false)
  expect(['Events', 'Nodes', 'EndpointSlices', 'ControllerRevisions', 'Leases'].map(isBegun)).not.toContain(true)
})

test('an object of a custom kind begins with its name, a kind of the same name as one of Kubernetes with no form', () => {
  const resource = {
    group: 'serving.example.com',
    version: 'v1',
    kind: 'Service',
    plural: 'services',
    namespaced: true,
  }
  const custom: KindDescriptor = { resource, title: 'Services', group: 'custom', columns: [] }
  expect(templateOf(custom, 'shop')).toBe(
    'apiVersion: serving.example.com/v1\nkind: Service\nmetadata:\n  name: app\n  namespace: shop\nspec: {}\n',
  )
  expect(formOf(custom)).toBeUndefined()
})
