import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import type { Pod, PodDisruptionBudget } from '#shared/kube/generated/types.ts'
import type { FitError } from './node-picker.ts'
import type { PodInfo } from './pod-info.ts'
import type { PodReports } from './pod-reports.ts'
import { findPreemption, type Preemption } from './preemption.ts'
import type { Profile } from './profiles.ts'
import type { Waiting } from './queue.ts'
import { releaseNomination, type SchedulingState } from './scheduling-state.ts'
import { endVictims } from './victims.ts'

export interface UnschedulablePods {
  /**
   * Handles a pod that no node takes: the pod preempts others, or waits for a change that may help it. Either is
   * reported on the pod.
   * @returns where the pod preempts others: resolves once its victims are told to end, so that it can be tried again
   */
  refused(waiting: Waiting, error: FitError, profile: Profile): Promise<void> | undefined
}

export interface UnschedulablePodsOptions {
  client: Client
  clock: Clock
  log: Log
  /** Of the pod's profile. */
  recorderOf(pod: Pod): EventRecorder
  reports: PodReports
  state: SchedulingState
  budgets: () => readonly PodDisruptionBudget[]
  /** Called when a pod has tried to preempt others; for metrics. */
  onPreemption?: ((victims: number) => void) | undefined
  /** Random number in [0, 1): where the search for victims begins. */
  random: () => number
}

/** What Kubernetes' DynamicResources says where no resource claim can be released for the pod. */
const noClaims = 'no new claims to deallocate'

/** What follows when no node takes a pod: the PostFilter step of Kubernetes' scheduler. */
export function createUnschedulablePods(options: UnschedulablePodsOptions): UnschedulablePods {
  const { clock, reports, state, budgets, random } = options
  const { cluster, queue, nominated } = state

  function preemptionFor(pod: PodInfo, { failure }: FitError, profile: Profile): Preemption | undefined {
    if (!failure || !profile.preempts) return undefined
    const { candidates, victims: memory } = profile
    return findPreemption(pod, failure, { cluster, nominated, budgets, candidates, memory, now: clock.now(), random })
  }

  /**
   * Ends the victims. Until the pod is tried again its node is nominated, and it preempts nothing else. Pods of a lower
   * priority that wait for the node look for another one.
   */
  function preempt({ pod }: Waiting, victims: readonly PodInfo[], nodeName: string): Promise<void> {
    const ending = endVictims({ preemptor: pod.pod, victims: victims.map((victim) => victim.pod), nodeName }, options)
    for (const other of nominated.below(pod, nodeName)) {
      nominated.remove(other.key)
      reports.clearNomination(other.pod)
      queue.activate(other.key)
    }
    return ending
  }

  /** What is done about the pod's claims, in Kubernetes' words. */
  function released({ pod }: Waiting, { afterRefusal }: FitError): string {
    const { message, work } = afterRefusal?.() ?? { message: noClaims }
    // The change of the claim queues the pod again; where it fails, the next attempt repeats it.
    work?.catch((error: unknown) => {
      options.log.warn('claim not deallocated', { pod: pod.key, error: messageOf(error) })
      queue.activate(pod.key)
    })
    return message
  }

  return {
    refused(waiting, error, profile) {
      const { pod } = waiting
      const begun = performance.now()
      const preemption = preemptionFor(pod, error, profile)
      if (preemption) profile.times.ended('PostFilter', begun, 'victims' in preemption ? 'Success' : 'Unschedulable')
      if (preemption) options.onPreemption?.('victims' in preemption ? preemption.victims.length : 0)
      if (preemption && 'victims' in preemption) {
        const nodeName = preemption.node.name
        nominated.set(pod, nodeName)
        const report = { reason: 'Unschedulable', message: error.message, nominatedNodeName: nodeName } as const
        reports.notScheduled(pod.pod, report)
        return preempt(waiting, preemption.victims, nodeName)
      }
      queue.refuse(waiting, error.refusedBy)
      const message = preemption
        ? `${error.message} ${released(waiting, error)}, preemption: ${preemption.message}`
        : error.message
      const nominatedNodeName = preemption?.futile ? null : undefined
      reports.notScheduled(pod.pod, { reason: 'Unschedulable', message, nominatedNodeName })
      if (preemption?.futile) releaseNomination(state, pod.key)
      return undefined
    },
  }
}
