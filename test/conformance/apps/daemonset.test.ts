import { expect, onTestFinished, test } from 'vitest'
import type { Api, Wire } from '../support/api.ts'
import { daemonsEverywhere, daemonsOf, daemonsOn } from '../support/daemons.ts'
import { eventually } from '../support/eventually.ts'
import { nodeNames } from '../support/extended-resource.ts'
import { serverWithWorkers, simulatedServer, uniqueName } from '../support/server.ts'
import { expectListedAndDeleted, expectStatusEndpoint } from '../support/workload-endpoints.ts'
import { isReady, otherPause, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()
const title = (words: string): string => `[sig-apps] Daemon set [Serial] ${words} [Conformance]`

/** Makes a DaemonSet of this label. @returns its path */
async function start({ label = 'daemons', pod = {}, on = api, home = namespace } = {}): Promise<string> {
  const labels = { 'daemonset-name': label }
  const template: Wire = podWith(labels)
  Object.assign(template.spec, pod)
  const collection = `/apis/apps/v1/namespaces/${await home()}/daemonsets`
  await on.create(collection, {
    metadata: { name: 'daemons', labels },
    spec: { selector: { matchLabels: labels }, template },
  })
  return `${collection}/daemons`
}

const podPath = ({ metadata }: Wire): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
const uidOf = ({ metadata }: Wire): string => metadata.uid
const imageOf = ({ spec }: Wire): string => spec.containers[0].image

/** ControllerRevisions of the DaemonSet, oldest first. */
async function historyOf(at: string): Promise<Wire[]> {
  const revisions = at.replace(/daemonsets\/.*/, 'controllerrevisions')
  const { items } = await api.get(revisions)
  return items.sort((a: Wire, b: Wire) => a.revision - b.revision)
}

async function expectRevived(at: string, gone: Wire): Promise<void> {
  await eventually('another pod in its place', async () => {
    const pods = await daemonsOf(api, at)
    return pods.some((pod) => pod.spec.nodeName === gone.spec.nodeName && uidOf(pod) !== uidOf(gone) && isReady(pod))
  })
  expect((await daemonsEverywhere(api, at)).map(uidOf)).not.toContain(uidOf(gone))
}

test(title('should run and stop simple daemon'), async () => {
  const at = await start()
  const [first, ...others] = await daemonsEverywhere(api, at)
  await api.delete(podPath(first))
  await expectRevived(at, first)
  expect((await daemonsOf(api, at)).map(uidOf)).toEqual(expect.arrayContaining(others.map(uidOf)))
})

test(title('should run and stop complex daemon'), async () => {
  const color = `daemonset-${uniqueName('color')}`
  const at = await start({ pod: { nodeSelector: { [color]: 'blue' } } })
  await daemonsOn(api, at, [])
  const [node = ''] = await nodeNames(api)
  const paint = (value: string | null): Promise<Wire> =>
    api.patch(`/api/v1/nodes/${node}`, { metadata: { labels: { [color]: value } } })
  onTestFinished(async () => void (await paint(null)))
  await paint('blue')
  await daemonsOn(api, at, [node])
  await paint('green')
  await daemonsOn(api, at, [])
  await api.patch(
    at,
    {
      spec: { template: { spec: { nodeSelector: { [color]: 'green' } } }, updateStrategy: { type: 'RollingUpdate' } },
    },
    'strategic',
  )
  await daemonsOn(api, at, [node])
})

test(title('should retry creating failed daemon pods'), async () => {
  const at = await start()
  const [first] = await daemonsEverywhere(api, at)
  await api.patch(`${podPath(first)}/status`, { status: { phase: 'Failed' } })
  await expectRevived(at, first)
  await eventually('the failed pod is gone', async () => (await api.ask('GET', podPath(first))).status === 404)
  const { items } = await api.get(`/api/v1/namespaces/${first.metadata.namespace}/events`)
  expect(items.find(({ reason }: Wire) => reason === 'FailedDaemonPod')).toMatchObject({
    type: 'Warning',
    source: { component: 'daemonset-controller' },
    involvedObject: { kind: 'DaemonSet', name: 'daemons' },
  })
})

test(title('should update pod when spec was updated and update strategy is RollingUpdate'), async () => {
  const at = await start()
  const before = await daemonsEverywhere(api, at)
  const [first] = await historyOf(at)
  const hashes = async (): Promise<Set<string>> =>
    new Set((await daemonsOf(api, at)).map(({ metadata }) => metadata.labels['controller-revision-hash']))
  expect(first.revision).toBe(1)
  expect(await hashes()).toEqual(new Set([first.metadata.labels['controller-revision-hash']]))

  const watching = await api.watch(`/api/v1/namespaces/${first.metadata.namespace}/pods`)
  const containers = [{ name: 'pause', image: otherPause }]
  await api.patch(at, { spec: { template: { spec: { containers } } } }, 'strategic')
  await eventually('all pods have the new image', async () => {
    const { status } = await api.get(at)
    const pods = await daemonsOf(api, at)
    return pods.every((pod) => imageOf(pod) === otherPause) && status.updatedNumberScheduled === before.length
  })
  await daemonsEverywhere(api, at)
  const [, second, ...rest] = await historyOf(at)
  expect([second.revision, rest]).toEqual([2, []])
  expect(second.metadata.labels['controller-revision-hash']).not.toBe(first.metadata.labels['controller-revision-hash'])
  expect(await hashes()).toEqual(new Set([second.metadata.labels['controller-revision-hash']]))
  expect(mostMissing(watching.events, before.length)).toBe(1)
})

/** The most nodes at any moment that had no ready pod. */
function mostMissing(events: readonly { type: string; object: Wire }[], nodes: number): number {
  const ready = new Set<string>()
  let most = 0
  for (const { type, object } of events) {
    if (type !== 'DELETED' && isReady(object) && !object.metadata.deletionTimestamp) ready.add(uidOf(object))
    else if (ready.delete(uidOf(object))) most = Math.max(most, nodes - ready.size)
  }
  return most
}

test(title('should rollback without unnecessary restarts'), async () => {
  const { api, namespace: home, kubectl } = await serverWithWorkers()
  const at = await start({ on: api, home })
  const before = await daemonsEverywhere(api, at)
  const image = imageOf(before[0])
  await api.patch(
    at,
    { spec: { template: { spec: { containers: [{ name: 'pause', image: 'foo:non-existent' }] } } } },
    'strategic',
  )
  await eventually('the rollout is stuck', async () => {
    const pods = await daemonsOf(api, at)
    return pods.some(
      (pod) =>
        imageOf(pod) === 'foo:non-existent' &&
        /ErrImagePull|ImagePullBackOff/.test(pod.status.containerStatuses?.[0]?.state?.waiting?.reason ?? ''),
    )
  })
  const kept = (await stayingDaemons(api, at)).filter((pod) => imageOf(pod) === image)
  expect(kept).toHaveLength(before.length - 1)
  await kubectl.ok('-n', before[0].metadata.namespace, 'rollout', 'undo', 'daemonset/daemons')
  const after = await daemonsEverywhere(api, at)
  expect(after.map(imageOf)).toEqual(before.map(imageOf))
  for (const pod of kept) {
    const now = after.find((each) => uidOf(each) === uidOf(pod))
    expect(now?.status.containerStatuses[0].restartCount, pod.metadata.name).toBe(0)
  }
})

const stayingDaemons = async (on: Api, at: string): Promise<Wire[]> =>
  (await daemonsOf(on, at)).filter(({ metadata }) => !metadata.deletionTimestamp)

test(title('should list and delete a collection of DaemonSets'), async () => {
  const label = uniqueName('daemons')
  const at = await start({ label })
  await daemonsEverywhere(api, at)
  await expectListedAndDeleted(api, at, `daemonset-name=${label}`)
})

test(title('should verify changes to a daemon set status'), async () => {
  const at = await start()
  await daemonsEverywhere(api, at)
  await expectStatusEndpoint(api, at)
})
