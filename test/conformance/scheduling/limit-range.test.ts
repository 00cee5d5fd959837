import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import { pause } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

const limits = {
  type: 'Container',
  min: { cpu: '50m', memory: '100Mi', 'ephemeral-storage': '150Gi' },
  max: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
  default: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
  defaultRequest: { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' },
}
const pod = (resources?: object): object => ({
  metadata: { name: uniqueName('pod') },
  spec: { containers: [{ name: 'pause', image: pause, resources }] },
})
const resourcesOf = ({ spec }: Wire): Wire => spec.containers[0].resources

test('[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]', async () => {
  const root = `/api/v1/namespaces/${await namespace()}`
  const [ranges, pods] = [`${root}/limitranges`, `${root}/pods`]
  const watching = await api.watch(ranges)
  const range = await api.create(ranges, { metadata: { name: 'limits' }, spec: { limits: [limits] } })
  expect((await watching.next()).object.metadata.uid).toBe(range.metadata.uid)
  expect((await api.get(`${ranges}/limits`)).spec.limits).toEqual([limits])

  expect(resourcesOf(await api.create(pods, pod()))).toEqual({
    requests: limits.defaultRequest,
    limits: limits.default,
  })
  const part = { requests: { cpu: '300m', 'ephemeral-storage': '150Gi' }, limits: { cpu: '300m', memory: '400Mi' } }
  expect(resourcesOf(await api.create(pods, pod(part)))).toEqual({
    // A limit without a request is the request, before the range's default is asked for.
    requests: { cpu: '300m', memory: '400Mi', 'ephemeral-storage': '150Gi' },
    limits: { cpu: '300m', memory: '400Mi', 'ephemeral-storage': '500Gi' },
  })
  const little = pod({ requests: { cpu: '10m', memory: '50Mi', 'ephemeral-storage': '50Gi' } })
  await expect(api.create(pods, little)).rejects.toMatchObject({ code: 403 })
  const much = pod({ requests: { cpu: '600m' }, limits: { cpu: '600m' } })
  await expect(api.create(pods, much)).rejects.toMatchObject({ code: 403 })

  const min = { cpu: '9m', memory: '49Mi', 'ephemeral-storage': '49Gi' }
  await api.change(`${ranges}/limits`, ({ spec }) => (spec.limits[0].min = min))
  await eventually('the lower minimum', async () => (await api.ask('POST', pods, { body: little })).status === 201)
  await expect(api.create(pods, much)).rejects.toMatchObject({ code: 403 })
  await api.delete(`${ranges}/limits`)
  await eventually('no limits', async () => (await api.ask('POST', pods, { body: much })).status === 201)
})

test('[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection [Conformance]', async () => {
  const [first, second] = [await namespace(), await namespace()]
  const label = uniqueName('range')
  const mine = { labelSelector: `case=${label}` }
  const paths = [first, second].map((space) => `/api/v1/namespaces/${space}/limitranges`)
  for (const path of paths)
    await api.create(path, { metadata: { name: 'limits', labels: { case: label } }, spec: { limits: [limits] } })
  expect((await api.get('/api/v1/limitranges', mine)).items).toHaveLength(2)
  const body = { metadata: { labels: { limits: 'patched' } }, spec: { limits: [{ ...limits, min: { cpu: '40m' } }] } }
  const patched = await api.patch(`${paths[0]}/limits`, body, 'strategic')
  expect([patched.metadata.labels.limits, patched.spec.limits[0].min.cpu]).toEqual(['patched', '40m'])
  await api.delete(paths[0] ?? '', undefined, { labelSelector: 'limits=patched' })
  const left = (await api.get('/api/v1/limitranges', mine)).items
  expect(left.map(({ metadata }: Wire) => metadata.namespace)).toEqual([second])
})
