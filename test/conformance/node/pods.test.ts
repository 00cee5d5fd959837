import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { conditionOf, containerOf, podsOf, shell } from '../support/pods.ts'
import { serverWithWorkers, uniqueName } from '../support/server.ts'
import { webSocketMessages } from '../support/websocket.ts'
import { busybox, nginx, otherPause, pause } from '../support/workloads.ts'

const server = await serverWithWorkers()
const { api, config } = server
const pods = await podsOf(server)
const collection = `${pods.root}/pods`

/** A label that no other test's pods have. */
const ownLabel = (): { labels: Record<string, string>; mine: { labelSelector: string } } => {
  const value = uniqueName('value')
  return { labels: { time: value }, mine: { labelSelector: `time=${value}` } }
}
const namesWith = async (mine: object): Promise<string[]> =>
  (await api.get(collection, { ...mine })).items.map(({ metadata }: Wire) => metadata.name)

test.concurrent(
  '[sig-node] Pods should be submitted and removed [NodeConformance] [Conformance]',
  async ({ onTestFinished }) => {
    const { labels, mine } = ownLabel()
    const before = await api.get(collection, mine)
    expect(before.items).toEqual([])
    const { resourceVersion } = before.metadata
    const watching = await api.watch(collection, { ...mine, resourceVersion }, onTestFinished)
    const spec = { terminationGracePeriodSeconds: 30, containers: [{ name: 'main', image: pause }] }
    const name = await pods.create(spec, { labels })
    expect(await namesWith(mine)).toEqual([name])
    expect((await watching.next()).type).toBe('ADDED')
    await pods.ready(name)
    await api.delete(pods.at(name))
    const { object: deleting } = await watching.until(({ object }) => object.metadata.deletionTimestamp)
    expect(deleting.metadata.deletionGracePeriodSeconds).toBe(30)
    const { object: last } = await watching.until(({ type }) => type === 'DELETED')
    expect(last.metadata.deletionTimestamp).toBeDefined()
    expect(last.spec.terminationGracePeriodSeconds).toBe(30)
    expect(await namesWith(mine)).toEqual([])
  },
)

test.concurrent('[sig-node] Pods should be updated [NodeConformance] [Conformance]', async () => {
  const first = ownLabel()
  const second = ownLabel()
  const name = await pods.create({ containers: [{ name: 'main', image: pause }] }, { labels: first.labels })
  await pods.ready(name)
  expect(await namesWith(first.mine)).toEqual([name])
  await api.change(pods.at(name), ({ metadata }) => (metadata.labels = second.labels))
  expect([await namesWith(first.mine), await namesWith(second.mine)]).toEqual([[], [name]])
})

test.concurrent(
  '[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance] [Conformance]',
  async () => {
    const { labels, mine } = ownLabel()
    const name = await pods.create({ containers: [{ name: 'main', image: pause }] }, { labels })
    await pods.ready(name)
    expect(await namesWith(mine)).toEqual([name])
    await api.change(pods.at(name), ({ spec }) => (spec.activeDeadlineSeconds = 5))
    const pod = await pods.until(name, 'failed', ({ status }) => status.phase === 'Failed')
    expect(pod.status.reason).toBe('DeadlineExceeded')
  },
)

test.concurrent(
  '[sig-node] Pods should contain environment variables for services [NodeConformance] [Conformance]',
  async () => {
    const web = await pods.create(
      { containers: [{ name: 'main', image: nginx }] },
      { labels: { name: 'server-envvars' } },
    )
    await pods.ready(web)
    const { spec } = await api.create(`${pods.root}/services`, {
      metadata: { name: 'fooservice' },
      spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: { name: 'server-envvars' } },
    })
    // A kubelet learns of a Service by its own watch: pods that start before do not have it.
    await eventually('the variables of the Service', async () => {
      const log = await pods.run({ containers: [{ name: 'main', image: busybox, command: ['env'] }] })
      const lines = log.split('\n').filter((line) => line.startsWith('FOOSERVICE_'))
      if (lines.length === 0) return false
      expect(lines.sort()).toEqual([
        `FOOSERVICE_PORT=tcp://${spec.clusterIP}:8765`,
        `FOOSERVICE_PORT_8765_TCP=tcp://${spec.clusterIP}:8765`,
        `FOOSERVICE_PORT_8765_TCP_ADDR=${spec.clusterIP}`,
        'FOOSERVICE_PORT_8765_TCP_PORT=8765',
        'FOOSERVICE_PORT_8765_TCP_PROTO=tcp',
        `FOOSERVICE_SERVICE_HOST=${spec.clusterIP}`,
        'FOOSERVICE_SERVICE_PORT=8765',
      ])
      return true
    })
  },
)

test.concurrent('[sig-node] Pods should delete a collection of pods [Conformance]', async () => {
  const { labels, mine } = ownLabel()
  const names = await Promise.all(
    [1, 2, 3].map(() => pods.create({ containers: [{ name: 'main', image: pause }] }, { labels })),
  )
  for (const name of names) await pods.ready(name)
  expect((await namesWith(mine)).sort()).toEqual(names.sort())
  await api.delete(collection, { gracePeriodSeconds: 0 }, mine)
  for (const name of names) await pods.gone(name)
  expect(await namesWith(mine)).toEqual([])
})

test.concurrent('[sig-node] Pods should get a host IP [NodeConformance] [Conformance]', async () => {
  const name = await pods.create({ containers: [{ name: 'main', image: pause }] })
  const { spec, status } = await pods.ready(name)
  const { status: node } = await api.get(`/api/v1/nodes/${spec.nodeName}`)
  const internal = node.addresses.filter(({ type }: Wire) => type === 'InternalIP').map(({ address }: Wire) => address)
  expect(status.hostIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
  expect(internal).toContain(status.hostIP)
})

test.concurrent('[sig-node] Pods should patch a pod status [Conformance]', async () => {
  const name = await pods.create({ containers: [{ name: 'main', image: pause }] })
  await pods.ready(name)
  const status = { message: 'Patched by e2e test', reason: 'E2E' }
  const patched = await api.patch(`${pods.at(name)}/status`, { status }, 'strategic')
  expect(patched.status).toMatchObject({ ...status, phase: 'Running' })
})

test.concurrent(
  '[sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]',
  async ({ onTestFinished }) => {
    const { labels, mine } = ownLabel()
    const watching = await api.watch(collection, mine, onTestFinished)
    const name = await pods.create(
      { containers: [{ name: 'main', image: busybox, command: ['sleep', '600'] }] },
      { labels },
    )
    expect((await watching.next()).type).toBe('ADDED')
    await pods.ready(name)
    expect((await api.get('/api/v1/pods', mine)).items).toHaveLength(1)

    await api.patch(
      pods.at(name),
      {
        metadata: { labels: { 'test-pod': 'patched' } },
        spec: { containers: [{ name: 'main', image: testImage }] },
      },
      'strategic',
    )
    await watching.until(({ object }) => object.metadata.labels['test-pod'] === 'patched')
    const patched = await api.get(pods.at(name))
    expect([patched.metadata.labels['test-pod'], patched.spec.containers[0].image]).toEqual(['patched', testImage])

    const replaced = await api.change(`${pods.at(name)}/status`, ({ status }) => {
      const ready = status.conditions.find(({ type }: Wire) => type === 'Ready')
      Object.assign(ready, { status: 'False', reason: 'E2E' })
    })
    expect(conditionOf(replaced, 'Ready')).toMatchObject({ status: 'False', reason: 'E2E' })
    await watching.until(({ object }) => conditionOf(object, 'Ready')?.reason === 'E2E')

    await api.delete(collection, {}, mine)
    await watching.until(({ type }) => type === 'DELETED')
    expect(await namesWith(mine)).toEqual([])
  },
)
/** Another image that runs the same command. */
const testImage = nginx

test.concurrent(
  '[sig-node] Pods should support remote command execution over websockets [NodeConformance] [Conformance]',
  async () => {
    const name = await pods.create({ containers: [shell()] })
    await pods.ready(name)
    const query = new URLSearchParams({ stdout: 'true', stderr: 'true', container: 'main' })
    for (const word of ['echo', 'remote execution test']) query.append('command', word)
    const messages = await webSocketMessages(config, `${pods.at(name)}/exec?${query}`, 'channel.k8s.io')
    const of = (channel: number): string =>
      Buffer.concat(messages.filter(([first]) => first === channel).map((message) => message.subarray(1))).toString()
    expect([of(1), of(2)]).toEqual(['remote execution test\n', ''])
  },
)

test.concurrent(
  '[sig-node] Pods should support retrieving logs from the container over websockets [NodeConformance] [Conformance]',
  async () => {
    const name = await pods.create({ containers: [shell('echo container is alive; sleep 600')] })
    await pods.ready(name)
    await eventually('its log', async () => (await pods.logs(name)) !== '')
    const messages = await webSocketMessages(config, `${pods.at(name)}/log?container=main`, 'binary.k8s.io')
    expect(Buffer.concat(messages).toString()).toBe('container is alive\n')
  },
)

test.concurrent(
  '[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]',
  async () => {
    const amount = { cpu: '20m', memory: '20Mi' }
    const container = { name: 'main', image: pause, resources: { limits: amount, requests: amount } }
    const name = await pods.create({ containers: [container] })
    expect((await api.get(pods.at(name))).status.qosClass).toBe('Guaranteed')
    expect((await pods.ready(name)).status.qosClass).toBe('Guaranteed')
  },
)

const generation = '[sig-node] Pods Extended (pod generation) Pod Generation'
/** Waits until the kubelet has told that it knows this generation. */
const observed = (name: string, number: number): Promise<Wire> =>
  pods.until(name, `generation ${number} observed`, ({ status }) => status.observedGeneration === number)

test.concurrent(
  `${generation} pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34] [Conformance]`,
  async () => {
    const small = { cpu: '10m', memory: '20Mi' }
    const name = await pods.create({ containers: [{ name: 'main', image: pause, resources: { requests: small } }] })
    const at = pods.at(name)
    expect((await api.get(at)).metadata.generation).toBe(1)
    await pods.ready(name)
    await observed(name, 1)
    const large = { cpu: '20m', memory: '40Mi' }
    const updates: [what: string, steps: number, update: () => Promise<Wire>][] = [
      ['labels and annotations', 0, () => api.patch(at, { metadata: { labels: { a: 'b' }, annotations: { a: 'b' } } })],
      [
        'an image',
        1,
        () => api.patch(at, { spec: { containers: [{ name: 'main', image: otherImage }] } }, 'strategic'),
      ],
      ['the deadline', 1, () => api.patch(at, { spec: { activeDeadlineSeconds: 3_600 } })],
      [
        'a toleration',
        1,
        () =>
          api.change(at, ({ spec }) =>
            spec.tolerations.push({ key: 'another', operator: 'Exists', effect: 'NoSchedule' }),
          ),
      ],
      [
        'a debugger',
        1,
        () =>
          api.patch(
            `${at}/ephemeralcontainers`,
            { spec: { ephemeralContainers: [{ name: 'debugger', image: busybox, command: ['sleep', '600'] }] } },
            'strategic',
          ),
      ],
      ['nothing', 0, () => api.change(at, () => undefined)],
      [
        'a size',
        1,
        () =>
          api.patch(
            `${at}/resize`,
            { spec: { containers: [{ name: 'main', resources: { requests: large } }] } },
            'strategic',
          ),
      ],
    ]
    let expected = 1
    for (const [what, steps, update] of updates) {
      expected += steps
      await update().catch((error: unknown) => expect.fail(`${what}: ${String(error)}`))
      expect([what, (await api.get(at)).metadata.generation]).toEqual([what, expected])
      await observed(name, expected)
    }
  },
)
const otherImage = otherPause

test.concurrent(`${generation} custom-set generation on new pods and graceful delete [Conformance]`, async () => {
  const finalizers = ['example.com/conformance']
  const name = await pods.create({ containers: [shell()] }, { generation: 100, finalizers })
  expect((await api.get(pods.at(name))).metadata.generation).toBe(1)
  await pods.ready(name)
  await api.delete(pods.at(name))
  const { metadata } = await api.get(pods.at(name))
  expect(metadata.deletionTimestamp).toBeDefined()
  expect(metadata.generation).toBe(2)
  await api.patch(pods.at(name), { metadata: { finalizers: null } })
  await pods.gone(name)
})

test.concurrent(
  `${generation} issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34] [Conformance]`,
  async () => {
    const name = await pods.create({ activeDeadlineSeconds: 10_000, containers: [{ name: 'main', image: pause }] })
    await pods.ready(name)
    for (let update = 1; update < 500; update++)
      await api.patch(pods.at(name), { spec: { activeDeadlineSeconds: 10_000 - update } })
    expect((await api.get(pods.at(name))).metadata.generation).toBe(500)
    const pod = await observed(name, 500)
    expect([pod.status.phase, containerOf(pod).restartCount]).toEqual(['Running', 0])
  },
)
