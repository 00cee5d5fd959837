import { describe } from 'vitest'
import type { DaemonSet, Node, Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { goldenNow, goldenPairs } from '#test/support/golden.ts'
import { decide } from './decide.ts'
import { daemonPod } from './pods.ts'
import { statusOf } from './status.ts'
import { stored } from '#test/support/stored.ts'

/** Objects in; nodes that get a pod, pods that go, and the status out. The present template has the revision `new`. */
describe('a decision about a DaemonSet', () => {
  goldenPairs(`${import.meta.dirname}/testdata`, (objects) => {
    const of = <T extends KubeObject>(kind: string): Stored<T>[] =>
      objects.filter((each) => each.kind === kind).map((each) => stored(each as T))
    const [set] = of<DaemonSet>('DaemonSet')
    if (!set) throw new Error('no DaemonSet in the input')
    const snapshot = { set, pods: of<Pod>('Pod'), nodes: of<Node>('Node'), hash: 'new', now: goldenNow }
    const { create, remove, nodes } = decide(snapshot)
    const [first] = create
    return {
      create,
      ...(first ? { firstPod: daemonPod(set, first, 'new') } : {}),
      remove: remove.map(({ pod, why }) => ({ pod: pod.metadata.name, ...why })),
      status: statusOf(snapshot, nodes),
    }
  })
})
