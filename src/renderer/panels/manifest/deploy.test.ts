import { expect, test } from 'vitest'
import type { Transport } from '#shared/client/transport.ts'
import { failure } from '#shared/kube/status.ts'
import { createApplier } from './apply.ts'
import { checkManifest } from './schema-check.ts'
import { Schemas } from './schema.ts'
import { readManifests } from './documents.ts'
import { useDeploy } from './useDeploy.ts'

/** A cluster without the namespace shop and without Ships. */
function cluster(): { transport: Transport; asked: string[] } {
  const asked: string[] = []
  const transport: Transport = {
    async request({ method, path, body }) {
      const [at = ''] = path.split('?')
      asked.push(`${method} ${at}`)
      if (at === '/api/v1')
        return {
          resources: [
            { name: 'namespaces', kind: 'Namespace', namespaced: false },
            { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
            { name: 'pods', kind: 'Pod', namespaced: true },
            { name: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
          ],
        }
      if (at === '/apis/apiextensions.k8s.io/v1')
        return {
          resources: [{ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }],
        }
      if (method === 'GET' || at.startsWith('/apis/sea')) throw failure(404, 'NotFound', 'no such thing')
      if (at.includes('/namespaces/shop/')) throw failure(404, 'NotFound', 'namespaces "shop" not found')
      const object = body as { kind: string; data?: object; metadata: { name?: string } }
      if (object.kind === 'Pod')
        throw failure(
          403,
          'Forbidden',
          'pods "p" is forbidden: error looking up service account default/app: serviceaccount "app" not found',
        )
      if (object.metadata.name === 'taken') throw failure(409, 'AlreadyExists', 'taken')
      if (object.metadata.name === 'bad')
        throw failure(422, 'Invalid', 'bad', {
          causes: [{ reason: 'FieldValueInvalid', message: 'no', field: 'data.k' }],
        })
      return { ...object, metadata: { ...object.metadata, resourceVersion: '1' } }
    },
    watch: () => () => undefined,
  }
  return { transport, asked }
}

const set = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: taken, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bad, namespace: shop}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.sea.example.com}
spec:
  group: sea.example.com
  names: {kind: Ship, plural: ships}
  versions:
    - name: v1
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {masts: {type: integer}}}}}}
---
apiVersion: sea.example.com/v1
kind: Ship
metadata: {name: good}
spec: {masts: 3}
---
apiVersion: sea.example.com/v1
kind: Ship
metadata: {name: broken}
spec: {masts: three}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: app}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {serviceAccountName: app}
`

test('a dry run checks what depends on its own objects, and says what the server could not check', async () => {
  const { transport, asked } = cluster()
  const schemas = new Schemas(transport)
  for (const { object } of readManifests(set).manifests)
    if (object.kind === 'CustomResourceDefinition') schemas.define(object)
  const { run, results } = useDeploy(createApplier(transport), (manifest) => checkManifest(manifest, schemas))
  expect(await run(set, 'default', true)).toBe(false)
  const said = results.value.map(({ title, outcome, reason = '' }) => [title, outcome, reason.slice(0, 40)])
  expect(said).toEqual([
    ['Namespace shop', 'would be created', ''],
    ['CustomResourceDefinition ships.sea.example.com', 'would be created', ''],
    ['ServiceAccount app', 'would be created', ''],
    ['ConfigMap taken', 'would be created', 'Checked by the server in namespace defau'],
    ['ConfigMap bad', 'failed', 'bad'],
    ['Ship good', 'would be created', 'Checked against its definition in this t'],
    ['Ship broken', 'failed', 'spec.masts takes an integer, not “three”'],
    ['Pod p', 'would be created', 'Checked against the schema alone: the se'],
  ])
  expect(asked.filter((each) => each.startsWith('POST /api/v1/namespaces/default/configmaps'))).toHaveLength(3)
  expect(results.value.find(({ title }) => title === 'ConfigMap bad')?.refusal?.causes).toHaveLength(1)
})

test('a text is deployed once, however often it is sent before the answer', async () => {
  const { transport, asked } = cluster()
  const { run, results } = useDeploy(createApplier(transport), () => [])
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n'
  const sent = await Promise.all([run(text, 'default', false), run(text, 'default', false)])
  expect(sent).toEqual([true, false])
  expect(results.value).toHaveLength(1)
  expect(asked.filter((request) => !request.startsWith('GET'))).toHaveLength(1)
})
