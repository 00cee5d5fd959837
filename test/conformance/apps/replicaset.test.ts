import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { expectAdoption, expectRelease, expectServing, type ReplicaKind } from '../support/replicas.ts'
import { serverWithWorkers, simulatedServer, uniqueName } from '../support/server.ts'
import {
  expectListedAndDeleted,
  expectScale,
  expectStatusEndpoint,
  readyReplicas,
} from '../support/workload-endpoints.ts'
import { otherPause, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

const kind: ReplicaKind = {
  collection: (namespace) => `/apis/apps/v1/namespaces/${namespace}/replicasets`,
  object: (replicas, labels, template) => ({ spec: { replicas, selector: { matchLabels: labels }, template } }),
}

/** Makes a ReplicaSet whose pods have these labels. @returns its path */
async function start(replicas: number, labels: Record<string, string> = { name: 'sample-pod' }): Promise<string> {
  const collection = kind.collection(await namespace())
  await api.create(collection, {
    metadata: { name: 'test-rs', labels },
    ...kind.object(replicas, labels, podWith(labels)),
  })
  return `${collection}/test-rs`
}

test('[sig-apps] ReplicaSet should serve a basic image on each replica with a public image [Conformance]', async () => {
  const real = await serverWithWorkers()
  await expectServing(real.api, await real.namespace(), kind)
})

test('[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]', async () => {
  const [pod, at] = await expectAdoption(api, await namespace(), kind)
  await expectRelease(api, pod, at)
})

test('[sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]', async () => {
  await expectScale(api, await start(1))
})

test('[sig-apps] ReplicaSet Replace and Patch tests [Conformance]', async () => {
  const at = await start(1)
  const { metadata } = await readyReplicas(api, at, 1)
  const generation = Number(metadata.generation)
  const watching = await api.watch(at.slice(0, at.lastIndexOf('/')), { resourceVersion: metadata.resourceVersion })
  const replaced = await api.change(at, ({ spec }) => (spec.replicas = 2))
  expect(replaced.metadata.generation).toBe(generation + 1)
  await watching.until(({ object }) => object.status.readyReplicas === 2)
  const container = { name: 'pause', image: otherPause }
  const patched = await api.patch(
    at,
    {
      metadata: { labels: { 'test-rs': 'patched' } },
      spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 7, containers: [container] } } },
    },
    'strategic',
  )
  expect(patched.metadata.generation).toBe(generation + 2)
  const { object } = await watching.until(
    ({ object }) => object.status.readyReplicas === 3 && object.status.availableReplicas === 3,
  )
  expect(object).toMatchObject({
    metadata: { labels: { 'test-rs': 'patched' } },
    spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 7, containers: [container] } } },
  })
  // The template holds for new pods alone.
  const pods: Wire[] = (await api.get(`/api/v1/namespaces/${metadata.namespace}/pods`)).items
  expect(pods.filter(({ spec }) => spec.containers[0].image === otherPause)).toHaveLength(1)
})

test('[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]', async () => {
  const name = uniqueName('rs')
  const at = await start(3, { name })
  await readyReplicas(api, at, 3)
  await expectListedAndDeleted(api, at, `name=${name}`)
})

test('[sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]', async () => {
  const at = await start(1)
  await readyReplicas(api, at, 1)
  await expectStatusEndpoint(api, at)
})
