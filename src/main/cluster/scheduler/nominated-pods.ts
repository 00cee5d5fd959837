import type { PodInfo } from './pod-info.ts'

/**
 * Pods that wait for the node which preemption is freeing for them (`status.nominatedNodeName`). Pods of the same or a
 * lower priority must leave their room to them.
 */
export class NominatedPods {
  readonly #byNode = new Map<string, Map<string, PodInfo>>()
  readonly #nodes = new Map<string, string>()

  nodeOf(key: string): string | undefined {
    return this.#nodes.get(key)
  }

  set(pod: PodInfo, nodeName: string): void {
    this.remove(pod.key)
    this.#nodes.set(pod.key, nodeName)
    const there = this.#byNode.get(nodeName)
    if (there) there.set(pod.key, pod)
    else this.#byNode.set(nodeName, new Map([[pod.key, pod]]))
  }

  /** @returns the node that the pod waited for, and the pod */
  remove(key: string): { nodeName: string; pod: PodInfo } | undefined {
    const nodeName = this.#nodes.get(key)
    if (nodeName === undefined) return undefined
    const there = this.#byNode.get(nodeName)
    const pod = there?.get(key)
    this.#nodes.delete(key)
    there?.delete(key)
    if (there?.size === 0) this.#byNode.delete(nodeName)
    return pod && { nodeName, pod }
  }

  /**
   * Takes over what the API server says of a waiting pod. A nomination that it does not know yet stays: only a change
   * of the field counts.
   */
  seen(pod: PodInfo, previous: string | undefined): void {
    const stated = pod.pod.status?.nominatedNodeName
    const known = this.#nodes.get(pod.key)
    const next = stated === previous ? known : stated
    if (next) this.set(pod, next)
    else this.remove(pod.key)
  }

  /** Whether any pod waits for the node. */
  hasAny(nodeName: string): boolean {
    return this.#byNode.has(nodeName)
  }

  /** Pods that wait for the node. */
  on(nodeName: string): Iterable<PodInfo> {
    return this.#byNode.get(nodeName)?.values() ?? []
  }

  /** Pods of at least this pod's priority that wait for the node, itself excepted. */
  before(pod: PodInfo, nodeName: string): PodInfo[] {
    return this.#on(nodeName, (other) => other.priority >= pod.priority && other.key !== pod.key)
  }

  /** Pods of a lower priority that wait for the node. */
  below(pod: PodInfo, nodeName: string): PodInfo[] {
    return this.#on(nodeName, (other) => other.priority < pod.priority)
  }

  #on(nodeName: string, matches: (pod: PodInfo) => boolean): PodInfo[] {
    const there = this.#byNode.get(nodeName)
    return there ? [...there.values()].filter(matches) : []
  }
}
