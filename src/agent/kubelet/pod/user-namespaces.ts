import { randomInt } from 'node:crypto'
import { namespaceUsers } from '../runtime/shim.ts'
import type { Runtime } from '../runtime/runtime.ts'

/**
 * Gives each pod with `hostUsers: false` 65,536 users of the node that no other pod here has: who breaks out of one is
 * nobody to the node, and to the other pods. They are drawn by lot, because workers share one kernel, which counts by
 * user what processes hold (KEP-127).
 */
export interface UserNamespaces {
  /** @returns the user of the node that the pod's root becomes; the same until it is released */
  take(podUid: string): number
  release(podUid: string): void
}

/** @param draw a range from 1 on, less than the given one */
export function createUserNamespaces({
  runtime,
  draw = (end) => randomInt(1, end),
}: {
  runtime: Pick<Runtime, 'podUids' | 'containers'>
  draw?: (end: number) => number
}): UserNamespaces {
  const taken = new Map<string, number>()
  const ofSandbox = (podUid: string): number | undefined =>
    runtime.containers(podUid).findLast(({ userNamespace }) => userNamespace !== undefined)?.userNamespace

  return {
    take(podUid) {
      const own = taken.get(podUid) ?? ofSandbox(podUid)
      if (own !== undefined) return own
      const used = new Set([...taken.values(), ...runtime.podUids().map(ofSandbox)])
      let first: number
      do first = draw(ranges) * namespaceUsers
      while (used.has(first))
      taken.set(podUid, first)
      return first
    },
    release: (podUid) => void taken.delete(podUid),
  }
}

/** The node's own users are the first range; the last one holds the number that means no user. */
const ranges = 2 ** 32 / namespaceUsers - 1
