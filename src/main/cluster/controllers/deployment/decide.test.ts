import { describe } from 'vitest'
import type { Deployment, Pod, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { isControlledBy } from '#shared/reconcile/ownership.ts'
import { goldenNow, goldenPairs } from '#test/support/golden.ts'
import { decide, type Change } from './decide.ts'
import { msUntilDeadline, statusOf } from './status.ts'
import { stored } from '#test/support/stored.ts'

/** Objects in; the changes and the status of one decision out. */
describe('a decision about a Deployment', () => {
  goldenPairs(`${import.meta.dirname}/testdata`, (objects) => {
    const of = <T extends KubeObject>(kind: string): Stored<T>[] =>
      objects.filter((each) => each.kind === kind).map((each) => stored(each as T))
    const [deployment] = of<Deployment>('Deployment')
    if (!deployment) throw new Error('no Deployment in the input')
    const sets = of<ReplicaSet>('ReplicaSet')
    const podsOf = (set: ReplicaSet): Pod[] => of<Pod>('Pod').filter((pod) => isControlledBy(pod, set))
    const { changes, revision, progress, rollout } = decide({ deployment, sets, podsOf })
    const status = statusOf(rollout, progress, goldenNow)
    return {
      changes: changes.map((change) => summary(change)),
      revision,
      status,
      requeueAfter: msUntilDeadline(rollout, status, goldenNow),
    }
  })
})

/** A creation whole, of an update what a Deployment may change. */
const summary = ({ verb, set, event }: Change): object =>
  verb === 'create'
    ? { create: set, event }
    : verb === 'delete'
      ? { delete: set.metadata.name }
      : {
          update: set.metadata.name,
          annotations: set.metadata.annotations,
          replicas: set.spec?.replicas,
          minReadySeconds: set.spec?.minReadySeconds,
          event,
        }
