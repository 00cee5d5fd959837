import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import type { Pod, PodCondition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podCondition } from '#shared/kube/pod.ts'
import { pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

/** What the scheduler tells users about pods that have no node. It returns before the API server has answered. */
export interface PodReports {
  /** Records the event `FailedScheduling` and the condition PodScheduled=False. */
  notScheduled(pod: Stored<Pod>, report: NotScheduled): void
  /** Tells the node that the pod will be bound to once its volumes and devices are ready (`status.nominatedNodeName`). */
  expected(pod: Stored<Pod>, nodeName: string): void
  /** Clears `status.nominatedNodeName`. */
  clearNomination(pod: Stored<Pod>): void
}

export interface NotScheduled {
  /** Of the condition. */
  reason: 'Unschedulable' | 'SchedulerError'
  message: string
  /** New `status.nominatedNodeName`; null clears it, undefined leaves it. */
  nominatedNodeName?: string | null | undefined
}

export interface PodReportsOptions {
  client: Client
  clock: Clock
  /** Of the pod's profile. */
  recorderOf(pod: Pod): EventRecorder
  log: Log
}

/** Writes a pod's status only where the report changes it. A failed write is logged: the next attempt repeats it. */
export function createPodReports({ client, clock, recorderOf, log }: PodReportsOptions): PodReports {
  function writeStatus(pod: Stored<Pod>, status: object): void {
    const { namespace, name, uid } = pod.metadata
    client
      .patch(
        pods,
        { namespace, name },
        { type: 'strategic', body: { metadata: { uid }, status } },
        { subresource: 'status' },
      )
      .catch((error: unknown) => log.debug('status not written', { pod: keyOf(pod), error: messageOf(error) }))
  }

  return {
    notScheduled(pod, report) {
      recorderOf(pod).event(withType(pods, pod), 'Warning', 'FailedScheduling', report.message)
      const status = statusUpdate(pod, report, clock)
      if (status) writeStatus(pod, status)
    },
    expected(pod, nodeName) {
      if (pod.status?.nominatedNodeName !== nodeName) writeStatus(pod, { nominatedNodeName: nodeName })
    },
    clearNomination: (pod) => writeStatus(pod, { nominatedNodeName: null }),
  }
}

/** The patch of the pod's status; undefined where the pod has that status already. */
function statusUpdate(
  pod: Stored<Pod>,
  { reason, message, nominatedNodeName }: NotScheduled,
  clock: Clock,
): object | undefined {
  const present = podCondition(pod, 'PodScheduled')
  const { generation } = pod.metadata
  const isReported =
    present?.status === 'False' &&
    present.reason === reason &&
    present.message === message &&
    present.observedGeneration === generation
  const isNominated = (nominatedNodeName ?? undefined) === pod.status?.nominatedNodeName
  const keepsNomination = nominatedNodeName === undefined || isNominated
  if (isReported && keepsNomination) return undefined
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const update = { type: 'PodScheduled', status: 'False', reason, message, ...observed }
  const now = timestamp(clock.now())
  const condition = { ...withTransitionTime<PodCondition>(pod.status?.conditions, update, now), lastProbeTime: null }
  return { conditions: [condition], ...(keepsNomination ? {} : { nominatedNodeName }) }
}
