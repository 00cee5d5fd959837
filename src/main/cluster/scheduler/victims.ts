import type { Clock } from '#shared/base/clock.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { withType } from '#shared/client/kube-client.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Pod, PodCondition } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'

export interface EvictionOptions {
  client: Client
  /** Of the preemptor's profile. */
  recorderOf(pod: Pod): EventRecorder
  clock: Clock
  log: Log
}

/**
 * Ends the victims of a preemption gracefully: each gets the condition DisruptionTarget, by which Jobs tell a disruption
 * from a failure of the pod's own, is deleted with its own grace period, and gets the event `Preempted`. A victim that is
 * terminating already is left alone. A failure is logged: the next attempt of the preemptor decides again.
 */
export async function endVictims(
  { preemptor, victims, nodeName }: { preemptor: Stored<Pod>; victims: readonly Stored<Pod>[]; nodeName: string },
  options: EvictionOptions,
): Promise<void> {
  const running = victims.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  await Promise.all(running.map((victim) => endVictim(victim, preemptor, nodeName, options)))
}

async function endVictim(
  victim: Stored<Pod>,
  preemptor: Stored<Pod>,
  nodeName: string,
  options: EvictionOptions,
): Promise<void> {
  const { client, recorderOf, log } = options
  const { namespace, name, uid } = victim.metadata
  const ref = { namespace, name }
  try {
    const condition = disruption(victim, preemptor, options.clock)
    const status = { conditions: [condition], '$setElementOrder/conditions': orderWith(condition, victim) }
    const body = { metadata: { uid }, status }
    await client.patch(pods, ref, { type: 'strategic', body }, { subresource: 'status' })
    await client.delete(pods, ref, { preconditions: { uid } })
  } catch (error) {
    if (!isNotFound(error)) log.warn('victim not ended', { pod: `${namespace}/${name}`, error: messageOf(error) })
    return
  }
  const message = `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`
  recorderOf(preemptor).event(withType(pods, victim), 'Normal', 'Preempted', message)
}

/** New conditions come last; a strategic patch would put them first. */
const orderWith = ({ type }: PodCondition, { status }: Pod): { type: string }[] =>
  [...new Set([...(status?.conditions ?? []).map((each) => each.type), type])].map((each) => ({ type: each }))

function disruption(victim: Pod, preemptor: Pod, clock: Clock): PodCondition {
  const update = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${preemptor.spec?.schedulerName ?? ''}: preempting to accommodate a higher priority pod`,
    ...(victim.metadata.generation === undefined ? {} : { observedGeneration: victim.metadata.generation }),
  }
  return withTransitionTime<PodCondition>(victim.status?.conditions, update, timestamp(clock.now()))
}
