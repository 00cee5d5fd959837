import { messageOf } from '../base/message-of.ts'
import type { Client, Resource } from '../client/client.ts'
import { refOf } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import { keyOf, type Informer } from '../client/informer.ts'
import { withType } from '../client/kube-client.ts'
import { isAnotherObject, isNamespaceTerminating, isNotFound } from '../kube/error-kinds.ts'
import type { Pod } from '../kube/generated/types.ts'
import type { KubeObject, Stored } from '../kube/object.ts'
import { pods } from '../kube/resources.ts'
import { errorOf, slowStart } from './slow-start.ts'

/**
 * Creates and deletes the pods of one kind of workload, with the events that Kubernetes records for it. Both return
 * only when the informer shows the writes that succeeded, so that the next reconcile never decides from a cache that
 * lags behind them.
 */
export interface PodControl<O extends KubeObject> {
  /**
   * Creates `count` pods in batches that double, up to the first that has a failure.
   * @returns the first failure; a namespace that is being deleted counts as none, since nothing is left to do there
   */
  create(owner: Stored<O>, count: number, podOf: (index: number) => Pod): Promise<Written>
  /** Deletes the pods, all at once. A pod that is gone already, or replaced by another of its name, counts as deleted. */
  delete(owner: Stored<O>, victims: readonly Stored<Pod>[]): Promise<Written>
}

export interface Written {
  /** How many writes succeeded. */
  count: number
  error?: Error
}

export function createPodControl<O extends KubeObject>(options: {
  client: Client
  /** The workload's kind, which events name. */
  resource: Resource<O>
  informer: Informer<Pod>
  recorder: EventRecorder
}): PodControl<O> {
  const { client, resource, informer, recorder } = options

  const record = (owner: Stored<O>, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.event(withType(resource, owner), type, reason, message)

  async function createPod(owner: Stored<O>, pod: Pod): Promise<Stored<Pod>> {
    try {
      const created = await client.create(pods, pod)
      record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
      return created
    } catch (error) {
      if (!isNamespaceTerminating(error))
        record(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  async function deletePod(owner: Stored<O>, pod: Stored<Pod>): Promise<void> {
    const { uid } = pod.metadata
    try {
      await client.delete(pods, refOf(pod), { preconditions: { uid } })
      record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
    } catch (error) {
      if (isNotFound(error) || isAnotherObject(error)) return
      record(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
      throw error
    }
    // A pod in its grace period counts as deleted.
    const isLeaving = (seen: Stored<Pod> | undefined): boolean =>
      seen?.metadata.uid !== uid || seen.metadata.deletionTimestamp !== undefined
    await informer.until(keyOf(pod), isLeaving)
  }

  return {
    async create(owner, count, podOf) {
      const created: Stored<Pod>[] = []
      const { error } = await slowStart(count, async (index) => {
        created.push(await createPod(owner, podOf(index)))
      })
      await informer.caughtUp(...created)
      return { count: created.length, ...(error && !isNamespaceTerminating(error) ? { error } : {}) }
    },
    async delete(owner, victims) {
      const results = await Promise.allSettled(victims.map((pod) => deletePod(owner, pod)))
      const failed = results.filter((result) => result.status === 'rejected')
      const count = victims.length - failed.length
      return failed[0] ? { count, error: errorOf(failed[0].reason) } : { count }
    },
  }
}
