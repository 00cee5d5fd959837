import type { Node, Taint } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { addAmounts, amountsOf, type Amounts } from './amounts.ts'
import type { HostPort, PodInfo } from './pod-info.ts'

/** A node with its pods. `node` is undefined where pods name a node that does not exist. */
export class NodeInfo {
  readonly name: string
  /** Small, and of this node alone. */
  readonly serial: number
  /** Changes whenever what filters read of the node does. */
  generation = 0
  node: Stored<Node> | undefined
  labels: Readonly<Record<string, string>> = {}
  taints: readonly Taint[] = []
  unschedulable = false
  allocatable: Amounts = { cpu: 0, memory: 0, ephemeralStorage: 0 }
  /** Allocatable pods. */
  podLimit = 0
  /** Sizes of the images it has, by all their names. */
  images = new Map<string, number>()

  readonly pods = new Map<string, PodInfo>()
  readonly requested: Amounts = { cpu: 0, memory: 0, ephemeralStorage: 0 }
  readonly assumedUse = { cpu: 0, memory: 0 }
  readonly hostPorts: HostPort[] = []

  constructor(name: string, serial: number) {
    this.name = name
    this.serial = serial
  }

  setNode(node: Stored<Node> | undefined): void {
    const { allocatable, images } = node?.status ?? {}
    this.generation++
    const imagesChanged = images !== this.node?.status?.images
    this.node = node
    this.labels = node?.metadata.labels ?? {}
    this.taints = node?.spec?.taints ?? []
    this.unschedulable = node?.spec?.unschedulable ?? false
    this.allocatable = amountsOf(allocatable)
    this.podLimit = Number(allocatable?.['pods'] ?? 0)
    if (!imagesChanged) return
    this.images = new Map()
    for (const { names = [], sizeBytes = 0 } of images ?? []) for (const name of names) this.images.set(name, sizeBytes)
  }

  addPod(pod: PodInfo): void {
    this.generation++
    this.pods.set(pod.key, pod)
    addAmounts(this.requested, pod.requests)
    this.assumedUse.cpu += pod.assumedUse.cpu
    this.assumedUse.memory += pod.assumedUse.memory
    for (const port of pod.hostPorts) this.hostPorts.push(port)
  }

  removePod(pod: PodInfo): void {
    this.generation++
    this.pods.delete(pod.key)
    addAmounts(this.requested, pod.requests, -1)
    this.assumedUse.cpu -= pod.assumedUse.cpu
    this.assumedUse.memory -= pod.assumedUse.memory
    for (const port of pod.hostPorts) this.hostPorts.splice(this.hostPorts.indexOf(port), 1)
  }
}
