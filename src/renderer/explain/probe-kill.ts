import type { ContainerStateTerminated, Event } from '#shared/kube/generated/types.ts'
import { lastSeen } from './events.ts'
import type { Surroundings } from './explanation.ts'

/** A run that the kubelet ended because a probe failed. */
export interface ProbeKill {
  probe: 'liveness' | 'startup'
  /** What the probe got last, unaltered; unset where its event is gone. */
  answer?: string | undefined
}

/** Clocks of nodes differ a little, and times of the API have no fractions of a second, ms. */
const slack = 5_000

/**
 * Whether a failed probe ended the run, told by the event Killing that the kubelet writes before it asks the container to
 * stop: the exit code is the program's own, 0 where it stops in order. @param grace ms from asking to killing
 */
export function probeKillOf(
  name: string,
  { finishedAt }: ContainerStateTerminated,
  { events }: Surroundings,
  grace = 30_000,
): ProbeKill | undefined {
  const end = Date.parse(finishedAt ?? '')
  for (const event of events) {
    const probe = killedBy(event, name)
    if (!probe) continue
    const killed = Date.parse(lastSeen(event))
    if (Number.isNaN(end) || Number.isNaN(killed) || (killed <= end + slack && killed >= end - grace - slack))
      return { probe, answer: answerOf(probe, events) }
  }
  return undefined
}

function killedBy({ reason, message = '' }: Event, name: string): ProbeKill['probe'] | undefined {
  if (reason !== 'Killing') return undefined
  const [, container, probe] = /^Container (\S+) failed (liveness|startup) probe/.exec(message) ?? []
  return container === name ? (probe as ProbeKill['probe']) : undefined
}

const answerOf = (probe: string, events: readonly Event[]): string | undefined =>
  events.find(
    ({ reason, message = '' }) => reason === 'Unhealthy' && message.toLowerCase().startsWith(`${probe} probe`),
  )?.message
