import { expect, onTestFinished, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { nodeNames } from '../support/extended-resource.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'
import { isReady, pause, podUntil } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

const start = (pods: string, container: object, spec: object = {}): Promise<Wire> =>
  api.create(pods, {
    metadata: { name: uniqueName('pod') },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'pause', image: pause, ...container }], ...spec },
  })
const running = async (pods: string, ...rest: [object, object?]): Promise<Wire> =>
  podUntil(api, `${pods}/${(await start(pods, ...rest)).metadata.name}`, isReady)

/** @returns why the pod is not scheduled */
async function unschedulable(pods: string, ...rest: [object, object?]): Promise<string> {
  const find = ({ status }: Wire): Wire =>
    (status.conditions ?? []).find(({ type, reason }: Wire) => type === 'PodScheduled' && reason === 'Unschedulable')
  const { metadata } = await start(pods, ...rest)
  const pod = await podUntil(api, `${pods}/${metadata.name}`, (each) => find(each) !== undefined)
  expect(pod.spec.nodeName).toBeUndefined()
  return find(pod).message
}

/** A node with a label of this test alone. */
async function labelledNode(): Promise<{ node: string; selector: Record<string, string> }> {
  const [node = ''] = await nodeNames(api)
  const key = `kubernetes.io/e2e-${uniqueName('label')}`
  const label = (value: string | null): Promise<Wire> =>
    api.patch(`/api/v1/nodes/${node}`, { metadata: { labels: { [key]: value } } })
  onTestFinished(async () => void (await label(null)))
  await label('42')
  return { node, selector: { [key]: '42' } }
}

const podsOf = async (): Promise<string> => `/api/v1/namespaces/${await namespace()}/pods`

test('[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]', async () => {
  const pods = await podsOf()
  const { node, selector: nodeSelector } = await labelledNode()
  const { status } = await api.get(`/api/v1/nodes/${node}`)
  const share = (part: number): object => {
    const cpu = `${Math.floor(Number(status.allocatable.cpu) * 1000 * part)}m`
    return { resources: { requests: { cpu }, limits: { cpu } } }
  }
  const filler = await running(pods, share(0.6), { nodeSelector })
  removeAfterwards(api, `${pods}/${filler.metadata.name}`)
  expect(filler.spec.nodeName).toBe(node)
  expect(await unschedulable(pods, share(0.5), { nodeSelector })).toContain('1 Insufficient cpu')
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]', async () => {
  const { node, selector: nodeSelector } = await labelledNode()
  const pod = await running(await podsOf(), {}, { nodeSelector })
  expect(pod.spec.nodeName).toBe(node)
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]', async () => {
  const message = await unschedulable(await podsOf(), {}, { nodeSelector: { label: 'nonempty' } })
  const count = (await nodeNames(api)).length
  expect(message).toBe(
    `0/${count} nodes are available: ${count} node(s) didn't match Pod's node affinity/selector. no new claims to ` +
      `deallocate, preemption: 0/${count} nodes are available: ${count} Preemption is not helpful for scheduling.`,
  )
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]', async () => {
  const pods = await podsOf()
  const { selector: nodeSelector } = await labelledNode()
  const port = (hostIP: string): object => ({
    ports: [{ containerPort: 80, hostPort: 54_322, hostIP, protocol: 'TCP' }],
  })
  await running(pods, port('0.0.0.0'), { nodeSelector })
  expect(await unschedulable(pods, port('127.0.0.1'), { nodeSelector })).toContain(
    "1 node(s) didn't have free ports for the requested pod ports",
  )
})
