import { expect, test } from 'vitest'
import { useRestApi } from '#test/support/rest-api.ts'
import { importManifests } from './import.ts'

const rest = useRestApi()
const context = {
  async request({ method, path, body, contentType }: Parameters<Parameters<typeof importManifests>[0]['request']>[0]) {
    const headers = contentType ? { 'content-type': contentType } : {}
    const answer = await rest.call(method as 'GET', path, body === undefined ? undefined : String(body), headers)
    return { status: answer.code, body: answer.text, warnings: [] }
  },
}
/** Kind, name and what became of it. */
const outcomesOf = async (text: string, dryRun: boolean): Promise<string[]> =>
  (await importManifests(context, text, { dryRun })).map(({ kind, name, result }) => `${kind} ${name} ${result}`)

const shop = (namespace: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace}, labels: { team: a } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: ${namespace} }
data: { currency: EUR }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: ${namespace} }
spec: { containers: [{ name: web, image: nginx }] }
---
apiVersion: v1
kind: Pod
metadata: { name: wrong, namespace: ${namespace} }
spec: { containers: [] }
`

test('a dry run says of a namespace that is not there, and of what is in it, what the import then does', async () => {
  const text = shop(rest.namespace)
  const expected = [
    `Namespace ${rest.namespace} created`,
    'ConfigMap settings created',
    'Pod web created',
    'Pod wrong failed',
  ]
  expect(await outcomesOf(text, true)).toEqual(expected)
  expect((await rest.call('GET', `/api/v1/namespaces/${rest.namespace}`)).code).toBe(404)
  expect(await outcomesOf(text, false)).toEqual(expected)
})

test('what is as it was is told apart from what changes, in a dry run, too', async () => {
  const text = shop(rest.namespace)
  await importManifests(context, text, { dryRun: false })
  const outcomes = [
    `Namespace ${rest.namespace} unchanged`,
    'ConfigMap settings configured',
    'Pod web unchanged',
    'Pod wrong failed',
  ]
  expect(await outcomesOf(text.replace('EUR', 'USD'), true)).toEqual(outcomes)
  expect(await outcomesOf(text.replace('EUR', 'USD'), false)).toEqual(outcomes)
})

test('a dry run does not check what its own definition makes, and refuses a kind that nothing defines', async () => {
  const text = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ships.sea.example.com }
spec:
  group: sea.example.com
  scope: Namespaced
  names: { kind: Ship, plural: ships }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
---
apiVersion: sea.example.com/v1
kind: Ship
metadata: { name: a }
---
apiVersion: sea.example.com/v1
kind: Boat
metadata: { name: b }
`
  expect(await outcomesOf(text, true)).toEqual(expect.arrayContaining(['Ship a unchecked', 'Boat b failed']))
})
