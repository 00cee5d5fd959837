import { messageOf } from '#shared/base/message-of.ts'
import { refOf, type Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf, type Informer } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { isAlreadyExists, isAnotherObject, isNamespaceTerminating, isNotFound } from '#shared/kube/error-kinds.ts'
import type { PersistentVolumeClaim, Pod, StatefulSet } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { persistentVolumeClaims, pods, statefulSets } from '#shared/kube/resources.ts'
import type { Step } from './decide.ts'

export interface StepWriter {
  /**
   * Writes one step after the other, with the events that Kubernetes records for them. Returns when the informers show
   * all of it, so that the next decision is not made from a cache that lags behind.
   * @throws the first failure; a namespace that is being deleted ends the steps and is none
   */
  carryOut(set: Stored<StatefulSet>, steps: readonly Step[]): Promise<void>
}

export function createStepWriter(options: {
  client: Client
  pods: Informer<Pod>
  claims: Informer<PersistentVolumeClaim>
  recorder: EventRecorder
}): StepWriter {
  const { client, recorder } = options

  async function carryOutOne(
    set: Stored<StatefulSet>,
    { pod, createClaims, updateClaims, write }: Step,
  ): Promise<void> {
    for (const claim of createClaims) await createClaim(set, pod, claim)
    for (const claim of updateClaims) await options.claims.caughtUp(await client.update(persistentVolumeClaims, claim))
    if (write) await writes[write](set, pod)
  }

  /** Records how a write ended; a failure is thrown on. */
  async function recorded<T>(
    set: Stored<StatefulSet>,
    verb: 'Create' | 'Update' | 'Delete',
    what: { done: string; failed: string },
    write: () => Promise<T>,
  ): Promise<T> {
    const about = withType(statefulSets, set)
    try {
      const written = await write()
      recorder.event(about, 'Normal', `Successful${verb}`, `${verb} ${what.done}`)
      return written
    } catch (error) {
      // The name is taken by an object that the cache does not show yet, or that is not ours: trying again will tell.
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isGone(error))
        recorder.event(about, 'Warning', `Failed${verb}`, `${verb} ${what.failed} failed error: ${messageOf(error)}`)
      throw error
    }
  }

  const ofPod = (set: Stored<StatefulSet>, pod: Pod & Named): { done: string; failed: string } => {
    const words = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`
    return { done: `${words} successful`, failed: words }
  }

  async function createClaim(
    set: Stored<StatefulSet>,
    pod: Pod & Named,
    claim: PersistentVolumeClaim & Named,
  ): Promise<void> {
    const name = claim.metadata.name
    const ofSet = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`
    const what = { done: `Claim ${name} ${ofSet} success`, failed: `Claim ${name} for ${ofSet}` }
    const created = await recorded(set, 'Create', what, () => client.create(persistentVolumeClaims, claim))
    await options.claims.caughtUp(created)
  }

  const writes: Record<NonNullable<Step['write']>, (set: Stored<StatefulSet>, pod: Pod & Named) => Promise<void>> = {
    async create(set, pod) {
      await options.pods.caughtUp(await recorded(set, 'Create', ofPod(set, pod), () => client.create(pods, pod)))
    },
    async update(set, pod) {
      await options.pods.caughtUp(await recorded(set, 'Update', ofPod(set, pod), () => client.update(pods, pod)))
    },
    async delete(set, pod) {
      const { uid = '' } = pod.metadata
      try {
        await recorded(set, 'Delete', ofPod(set, pod), () =>
          client.delete(pods, refOf(pod), { preconditions: { uid } }),
        )
      } catch (error) {
        if (!isGone(error)) throw error
      }
      // A pod in its grace period counts as deleted.
      await options.pods.until(
        keyOf(pod),
        (seen) => seen?.metadata.uid !== uid || seen.metadata.deletionTimestamp !== undefined,
      )
    },
  }

  return {
    async carryOut(set, steps) {
      try {
        for (const step of steps) await carryOutOne(set, step)
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error
      }
    },
  }
}

/** Somebody else was first: the pod is gone, or another one has its name. */
const isGone = (error: unknown): boolean => isNotFound(error) || isAnotherObject(error)
