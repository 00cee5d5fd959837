import { describe } from 'vitest'
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { goldenNow, goldenPairs } from '#test/support/golden.ts'
import { stored } from '#test/support/stored.ts'
import { decide } from './decide.ts'
import { statusOf } from './status.ts'

/**
 * Objects in; steps and the status out. The present template has the revision `web-new`; the current one is the
 * ControllerRevision of the input, where there is one.
 */
describe('a decision about a StatefulSet', () => {
  goldenPairs(`${import.meta.dirname}/testdata`, (objects) => {
    const of = <T extends KubeObject>(kind: string): Stored<T>[] =>
      objects.filter((each) => each.kind === kind).map((each) => stored(each as T))
    const [set] = of<StatefulSet>('StatefulSet')
    if (!set) throw new Error('no StatefulSet in the input')
    const pods = of<Pod>('Pod')
    const claims = of<PersistentVolumeClaim>('PersistentVolumeClaim')
    const data = { spec: { template: { ...set.spec?.template, $patch: 'replace' } } }
    const update = stored<ControllerRevision>({ metadata: { name: 'web-new' }, data, revision: 2 })
    const [current = update] = of<ControllerRevision>('ControllerRevision')
    const claimOf = (name: string): Stored<PersistentVolumeClaim> | undefined =>
      claims.find(({ metadata }) => metadata.name === name)
    const steps = decide({ set, pods, claimOf, current, update, now: goldenNow })
    return {
      steps: steps.map(({ pod, createClaims, updateClaims, write }) => ({
        ...(createClaims.length > 0 ? { createClaims } : {}),
        ...(updateClaims.length > 0
          ? { updateClaims: updateClaims.map(({ metadata }) => [metadata.name, metadata.ownerReferences]) }
          : {}),
        ...(write ? { write } : {}),
        pod: write === 'create' || write === 'update' ? pod : pod.metadata.name,
      })),
      status: statusOf({
        set,
        pods,
        current: current.metadata.name,
        update: update.metadata.name,
        collisionCount: 0,
        now: goldenNow,
      }),
    }
  })
})
