import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { daemonsEverywhere } from '../support/daemons.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import { podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

test('[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]', async () => {
  const name = await namespace()
  const apps = `/apis/apps/v1/namespaces/${name}`
  const [daemonSet, revisions] = [`${apps}/daemonsets/daemons`, `${apps}/controllerrevisions`]
  const label = uniqueName('daemons')
  const labels = { 'daemonset-name': label }
  const mine = { labelSelector: `daemonset-name=${label}` }
  await api.create(`${apps}/daemonsets`, {
    metadata: { name: 'daemons', labels },
    spec: { selector: { matchLabels: labels }, template: podWith(labels) },
  })
  await daemonsEverywhere(api, daemonSet)
  const count = (wanted: number): Promise<Wire[]> =>
    eventually(`${wanted} revisions`, async () => {
      const { items } = await api.get('/apis/apps/v1/controllerrevisions', mine)
      return items.length === wanted && items
    })

  const set = await api.get(daemonSet)
  const [initial] = await count(1)
  expect(initial.metadata.ownerReferences).toMatchObject([{ kind: 'DaemonSet', uid: set.metadata.uid }])
  expect(initial.revision).toBe(1)
  const at = (revision: string): string => `${revisions}/${revision}`
  const { name: initialName } = initial.metadata
  const patched = await api.patch(at(initialName), { metadata: { labels: { [initialName]: 'patched' } } }, 'strategic')
  expect(patched.metadata.labels[initialName]).toBe('patched')
  expect((await api.get(at(initialName))).metadata.labels).toEqual(patched.metadata.labels)

  const hash = uniqueName('hash')
  const made = await api.create(revisions, {
    metadata: {
      name: `daemons-${hash}`,
      labels: { ...labels, 'controller-revision-hash': hash },
      ownerReferences: initial.metadata.ownerReferences,
    },
    data: initial.data,
    revision: 2,
  })
  await count(2)
  await api.delete(at(initialName))
  const [current] = await count(1)
  expect(current.metadata.uid).toBe(made.metadata.uid)

  const updated = await api.change(at(made.metadata.name), ({ metadata }) => {
    metadata.labels[made.metadata.name] = 'updated'
  })
  expect(updated.metadata.labels[made.metadata.name]).toBe('updated')

  await api.patch(daemonSet, { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } }, 'strategic')
  await count(2)
  await api.delete(revisions, undefined, { labelSelector: `${made.metadata.name}=updated` })
  const [last] = await count(1)
  expect(last.revision).toBe(3)
  // Its data is a template that `kubectl rollout undo` can go back to.
  expect(last.data.spec.template.spec.terminationGracePeriodSeconds).toBe(1)
})
