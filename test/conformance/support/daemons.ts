import { expect } from 'vitest'
import type { Api, Wire } from './api.ts'
import { eventually } from './eventually.ts'
import { nodeNames } from './extended-resource.ts'
import { controllerUid, isReady } from './workloads.ts'

/** Waits for one ready pod of the DaemonSet on each of the nodes and none elsewhere. @returns the pods, in that order */
export async function daemonsOn(api: Api, daemonSet: string, nodes: readonly string[]): Promise<Wire[]> {
  const pods = await eventually(`daemons on ${nodes.join(' and ') || 'no node'}`, async () => {
    const mine = (await daemonsOf(api, daemonSet)).filter(({ metadata }) => !metadata.deletionTimestamp)
    const ready = nodes.map((node) => mine.find((pod) => pod.spec.nodeName === node && isReady(pod)))
    return mine.length === nodes.length && !ready.includes(undefined) && ready
  })
  await eventually('the status tells of them', async () => {
    const { metadata, status } = await api.get(daemonSet)
    const { desiredNumberScheduled, currentNumberScheduled, numberReady, numberMisscheduled } = status
    const { observedGeneration } = status
    expect({ desiredNumberScheduled, currentNumberScheduled, numberReady, numberMisscheduled }).toEqual({
      desiredNumberScheduled: nodes.length,
      currentNumberScheduled: nodes.length,
      numberReady: nodes.length,
      numberMisscheduled: 0,
    })
    return observedGeneration === metadata.generation
  })
  return pods
}

/** Waits for one ready pod of the DaemonSet on every node. */
export const daemonsEverywhere = async (api: Api, daemonSet: string): Promise<Wire[]> =>
  daemonsOn(api, daemonSet, await nodeNames(api))

/** All pods that the DaemonSet controls. */
export async function daemonsOf(api: Api, daemonSet: string): Promise<Wire[]> {
  const { metadata } = await api.get(daemonSet)
  const pods: Wire[] = (await api.get(`/api/v1/namespaces/${metadata.namespace}/pods`)).items
  return pods.filter((pod) => controllerUid(pod) === metadata.uid)
}
