import { expect, test } from 'vitest'
import {
  create,
  expectAdoption,
  expectFailureOverQuota,
  expectRelease,
  expectServing,
  type ReplicaKind,
} from '../support/replicas.ts'
import { serverWithWorkers, simulatedServer, uniqueName } from '../support/server.ts'
import { expectListedAndDeleted, expectScale, readyReplicas } from '../support/workload-endpoints.ts'
import { controllerUid, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

/** Its selector is that of the template's labels when it names none. */
const kind: ReplicaKind = {
  collection: (namespace) => `/api/v1/namespaces/${namespace}/replicationcontrollers`,
  object: (replicas, _, template) => ({ spec: { replicas, template } }),
}
const title = (words: string): string => `[sig-apps] ReplicationController ${words} [Conformance]`

test(title('should serve a basic image on each replica with a public image'), async () => {
  const real = await serverWithWorkers()
  await expectServing(real.api, await real.namespace(), kind)
})

test(title('should surface a failure condition on a common issue like exceeded quota'), async () => {
  await expectFailureOverQuota(api, await namespace(), kind)
})

test(title('should adopt matching pods on creation'), async () => {
  await expectAdoption(api, await namespace(), kind)
})

test(title('should release no longer matching pods'), async () => {
  const name = await namespace()
  const { metadata } = await create(api, name, kind)
  const at = `${kind.collection(name)}/${metadata.name}`
  await readyReplicas(api, at, 1)
  const [pod] = (await api.get(`/api/v1/namespaces/${name}/pods`)).items
  expect(controllerUid(pod)).toBe(metadata.uid)
  await expectRelease(api, `/api/v1/namespaces/${name}/pods/${pod.metadata.name}`, at)
})

test(title('should get and update a ReplicationController scale'), async () => {
  const name = await namespace()
  const { metadata } = await create(api, name, kind)
  await expectScale(api, `${kind.collection(name)}/${metadata.name}`)
})

test(title('should test the lifecycle of a ReplicationController'), async () => {
  const collection = kind.collection(await namespace())
  const at = `${collection}/rc-test`
  const name = uniqueName('rc')
  const labels = { 'test-rc-static': name }
  const watching = await api.watch(collection, { labelSelector: `test-rc-static=${name}` })
  await api.create(collection, { metadata: { name: 'rc-test', labels }, ...kind.object(1, labels, podWith(labels)) })
  expect((await watching.next()).type).toBe('ADDED')
  await watching.until(({ object }) => object.status.replicas === 1 && object.status.readyReplicas === 1)

  const labelled = await api.patch(at, { metadata: { labels: { 'test-rc': 'patched' } } }, 'strategic')
  expect(labelled.metadata.labels).toEqual({ ...labels, 'test-rc': 'patched' })
  await watching.until(({ type, object }) => type === 'MODIFIED' && object.metadata.labels['test-rc'] === 'patched')

  const zeros = { status: { readyReplicas: 0, availableReplicas: 0 } }
  const { status } = await api.patch(`${at}/status`, zeros, 'strategic')
  expect([status.replicas, status.readyReplicas ?? 0, status.availableReplicas ?? 0]).toEqual([1, 0, 0])
  await watching.until(({ object }) => (object.status.readyReplicas ?? 0) === 0)
  // The controller puts the counts right again.
  await watching.until(({ object }) => object.status.readyReplicas === 1 && object.status.availableReplicas === 1)
  expect((await api.get(`${at}/status`)).status.replicas).toBe(1)

  await api.patch(`${at}/scale`, { spec: { replicas: 2 } }, 'strategic')
  await watching.until(({ object }) => object.spec.replicas === 2)
  await watching.until(({ object }) => object.status.replicas === 2 && object.status.readyReplicas === 2)
  expect((await api.get(at)).metadata.labels['test-rc']).toBe('patched')

  const updated = await api.change(`${at}/status`, ({ status }) => {
    status.availableReplicas = 1
    status.readyReplicas = 1
  })
  expect(updated.status).toMatchObject({ replicas: 2, availableReplicas: 1, readyReplicas: 1 })
  await watching.until(({ type, object }) => type === 'MODIFIED' && object.status.readyReplicas === 1)

  await expectListedAndDeleted(api, at, `test-rc-static=${name}`)
  await watching.until(({ type }) => type === 'DELETED')
})
