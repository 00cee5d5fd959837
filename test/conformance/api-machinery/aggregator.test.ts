import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { startPodServer } from '../support/pod-server.ts'
import { removeAfterwards, serverWithWorkers } from '../support/server.ts'

const { api, kubectl, namespace: newNamespace } = await serverWithWorkers()

const services = '/apis/apiregistration.k8s.io/v1/apiservices'
const name = 'v1alpha1.wardle.example.com'
const groupVersion = 'wardle.example.com/v1alpha1'

const isAvailable = ({ status }: Wire): boolean =>
  (status?.conditions ?? []).some(({ type, status }: Wire) => type === 'Available' && status === 'True')

// The server is one of this project's own in a pod, which trusts the front proxy, asks the cluster who may do what and
// serves discovery, as the sample of 1.17 does; upstream's image is not at hand.
test('[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly] [Conformance]', async ({
  onTestFinished,
}) => {
  const server = await startPodServer(api, 'extension')
  onTestFinished(() => server.remove())
  removeAfterwards(api, `${services}/${name}`)
  await api.create(services, {
    metadata: { name },
    spec: {
      group: 'wardle.example.com',
      version: 'v1alpha1',
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      service: { namespace: server.namespace, name: server.service, port: server.port },
      caBundle: server.caBundle,
    },
  })
  await eventually('the API service is available', async () => isAvailable(await api.get(`${services}/${name}`)))

  const { resources } = await api.get(`/apis/${groupVersion}`)
  expect(resources).toContainEqual(expect.objectContaining({ name: 'flunders', kind: 'Flunder' }))
  await eventually('the group is among the groups', async () =>
    (await api.get('/apis')).groups.some(({ name }: Wire) => name === 'wardle.example.com'),
  )

  const namespace = await newNamespace()
  const path = `/apis/${groupVersion}/namespaces/${namespace}/flunders`
  const flunder = { apiVersion: groupVersion, kind: 'Flunder', metadata: { name: 'one', labels: { sample: 'yes' } } }
  const watching = await api.watch(path)
  await api.create(path, flunder)
  expect((await watching.next()).type).toBe('ADDED')
  expect((await api.get(`${path}/one`)).metadata).toMatchObject({ name: 'one', namespace })
  expect((await api.patch(`${path}/one`, { spec: { reference: 'x' } })).spec).toEqual({ reference: 'x' })
  const live = await api.get(`${path}/one`)
  expect((await api.update(`${path}/one`, { ...live, spec: { reference: 'y' } })).spec).toEqual({ reference: 'y' })
  expect((await api.get(path)).items).toHaveLength(1)
  await eventually('kubectl knows flunders', async () => {
    const { code, stdout } = await kubectl('get', `flunders.v1alpha1.wardle.example.com`, '-n', namespace, '-o', 'name')
    return code === 0 && stdout.includes('one')
  })

  // What the front proxy says of the user is what the extension server asks about.
  const nobody = api.as({ impersonate: 'nobody' })
  await expect(nobody.get(path)).rejects.toMatchObject({ code: 403 })

  const patch = { status: { conditions: [{ type: 'OfTest', status: 'True', reason: 'Test', message: 'of the test' }] } }
  await api.patch(`${services}/${name}/status`, patch, 'strategic')
  await api.change(`${services}/${name}`, ({ metadata }) => void (metadata.labels = { 'of-test': 'yes' }))
  expect((await api.get(services, { labelSelector: 'of-test=yes' })).items).toHaveLength(1)

  await api.delete(`${path}/one`)
  await api.create(path, flunder)
  await api.delete(path)
  expect((await api.get(path)).items).toEqual([])
  await api.delete(services, undefined, { labelSelector: 'of-test=yes' })
  await eventually('its resources are gone', async () => (await api.ask('GET', path)).status === 404)
})
