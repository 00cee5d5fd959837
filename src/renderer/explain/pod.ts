import type { Container, ContainerStatus, Pod, Probe } from '#shared/kube/generated/types.ts'
import { isPodReady, podCondition, summarizePod } from '#shared/kube/pod.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import { podTone } from '../kinds/core/pod.ts'
import { ageText } from '../texts/format.ts'
import { t } from '../texts/index.ts'
import { lastSeen, newest, timesSeen } from './events.ts'
import { endText } from './exit.ts'
import type { Explanation, Surroundings, Try, Untoned } from './explanation.ts'
import { explainContainers } from './pod-containers.ts'
import { explainScheduling } from './pod-scheduling.ts'
import { explainStart } from './pod-start.ts'
import { probeKillOf, type ProbeKill } from './probe-kill.ts'

/** Why a pod does not do its work, and what to try; undefined for one that does, or that has completed. */
export function explainPod(pod: Pod, near: Surroundings): Explanation | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return explainLeaving(pod, near)
  if (pod.status?.phase === 'Succeeded') return undefined
  const found = causeOf(pod, near)
  // What waits is as grave here as in lists, which know nothing of its events.
  if (found?.tone === undefined || pod.status?.phase === 'Pending') return found && { ...found, tone: podTone(pod) }
  return { ...found, tone: found.tone }
}

function causeOf(pod: Pod, near: Surroundings): (Untoned & Partial<Pick<Explanation, 'tone'>>) | undefined {
  return (
    explainLost(pod) ??
    explainFailed(pod) ??
    explainScheduling(pod, near) ??
    explainContainers(pod, near) ??
    explainStart(pod, near) ??
    explainNotReady(pod, near) ??
    explainRestarts(pod, near)
  )
}

function explainLeaving(pod: Pod, near: Surroundings): Explanation {
  const { finalizers = [], deletionTimestamp = '', name = '' } = pod.metadata
  // The timestamp is the end of the time that the pod is given.
  const over = near.now - Date.parse(deletionTimestamp)
  const isLost = pod.status?.reason === 'NodeLost' || podCondition(pod, 'Ready')?.status === 'Unknown'
  const node = pod.spec?.nodeName
  const look: Try[] = node ? [{ text: t('explain.tryNode', { name: node }), link: { kind: 'Node', name: node } }] : []
  const common = { state: 'Terminating', why: [] as string[] }
  if (finalizers.length > 0 && over > 0)
    return {
      ...common,
      tone: 'bad',
      sentence: t('explain.leaving.finalizers', { name, n: finalizers.length }),
      reasons: finalizers.map((text) => ({ text })),
      tries: [
        { text: t('explain.leaving.tryFinalizer') },
        { text: t('explain.leaving.tryRemoveFinalizer'), action: 'edit' },
      ],
    }
  if (isLost && over > 0)
    return {
      ...common,
      tone: 'bad',
      sentence: t('explain.leaving.lost', { node: node ?? '' }),
      tries: [...look, { text: t('explain.leaving.tryForce') }],
    }
  if (over > 10_000)
    return { ...common, tone: 'warn', sentence: t('explain.leaving.late', { name, time: ageText(over) }), tries: look }
  return {
    ...common,
    tone: 'quiet',
    sentence: t('explain.leaving.ending', { name, time: ageText(Math.max(0, -over)) }),
    tries: [],
  }
}

function explainLost(pod: Pod): Explanation | undefined {
  const ready = podCondition(pod, 'Ready')
  const isLost =
    pod.status?.reason === 'NodeLost' || pod.status?.phase === 'Unknown' || ready?.reason === 'NodeStatusUnknown'
  const node = pod.spec?.nodeName ?? ''
  const notReady = ready?.status === 'False' && ready.reason === 'NodeNotReady'
  if (!isLost && !notReady) return undefined
  return {
    tone: 'bad',
    state: pod.status?.reason ?? (notReady ? 'NodeNotReady' : 'Unknown'),
    sentence: t('explain.lost.sentence', { node }),
    why: [t('explain.lost.why')],
    said: pod.status?.message || ready?.message || undefined,
    tries: [{ text: t('explain.tryNode', { name: node }), link: { kind: 'Node', name: node } }],
  }
}

/** Ended for good, by another's decision: a failed container of its own is explained by `explainContainers`. */
function explainFailed(pod: Pod): Explanation | undefined {
  const { phase, reason = '', message } = pod.status ?? {}
  if (phase !== 'Failed' || reason === '') return undefined
  const node = pod.spec?.nodeName ?? ''
  const look: Try[] = node ? [{ text: t('explain.tryNode', { name: node }), link: { kind: 'Node', name: node } }] : []
  const key = (
    {
      Evicted: 'evicted',
      DeadlineExceeded: 'deadline',
      Preempting: 'preempted',
      Terminated: 'shutdown',
      NodeShutdown: 'shutdown',
    } as const
  )[reason]
  const again = controllerOf(pod)
  return {
    tone: 'bad',
    state: reason,
    sentence: t(
      `explain.failed.${key ?? (/^OutOf|^Unexpected|^Node|Affinity|Sysctl|AppArmor/.test(reason) ? 'refused' : 'failed')}`,
      { node, reason },
    ),
    why: [again ? t('explain.failed.replaced') : t('explain.failed.notReplaced')],
    said: message,
    tries: [
      ...(reason === 'Evicted' ? [{ text: t('explain.failed.tryLimits'), action: 'edit' }] : []),
      ...(reason === 'DeadlineExceeded' ? [{ text: t('explain.failed.tryDeadline') }] : []),
      ...look,
      { text: t('explain.failed.tryDelete'), action: 'delete' },
    ],
  }
}

function explainNotReady(pod: Pod, near: Surroundings): Explanation | undefined {
  if (pod.status?.phase !== 'Running' || isPodReady(pod)) return undefined
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]
  const behind = statuses.find(({ ready, state, started }) => state?.running && (!ready || started === false))
  const unhealthy = newest(near.events, 'Unhealthy')
  const kind = probeKinds.find((each) => unhealthy?.message?.toLowerCase().startsWith(`${each} probe`))
  if (behind && unhealthy && kind) return probeFails(pod, behind, kind, unhealthy, near)
  const gates = (pod.spec?.readinessGates ?? []).filter(
    ({ conditionType }) => podCondition(pod, conditionType)?.status !== 'True',
  )
  if (gates.length > 0 && podCondition(pod, 'ContainersReady')?.status === 'True')
    return {
      tone: 'warn',
      state: 'ReadinessGatesNotReady',
      sentence: t('explain.ready.gates', { n: gates.length }),
      why: [],
      reasons: gates.map(({ conditionType }) => ({ text: conditionType })),
      tries: [{ text: t('explain.ready.tryGates') }],
    }
  if (!behind) return undefined
  const { startupProbe, readinessProbe } = specOf(pod, behind.name) ?? {}
  const probe = behind.started === false ? startupProbe : readinessProbe
  return {
    tone: 'warn',
    state: summarizePod(pod).status,
    sentence: t('explain.ready.waiting', { container: behind.name }),
    why: probe ? [probeText(probe)] : [],
    tries: [{ text: t('explain.crash.tryLogs'), action: 'logs' }],
  }
}

const probeKinds = ['readiness', 'liveness', 'startup'] as const

function probeFails(
  pod: Pod,
  { name }: ContainerStatus,
  kind: (typeof probeKinds)[number],
  event: { message?: string },
  near: Surroundings,
): Explanation {
  const { message = '' } = event
  const probe = specOf(pod, name)?.[`${kind}Probe`]
  const [, answer = ''] = /probe (?:failed|errored[^:]*): ([\s\S]*)$/.exec(message) ?? []
  const refused = /connection refused|ECONNREFUSED/i.test(answer)
  const late = /timeout|deadline exceeded|timed out/i.test(answer)
  const status = /statuscode: (\d+)/.exec(answer)?.[1]
  return {
    tone: kind === 'readiness' ? 'warn' : 'bad',
    state: summarizePod(pod).status,
    sentence: t(`explain.probe.${kind}`, { container: name }),
    why: [
      ...(refused
        ? [t('explain.probe.refused')]
        : late
          ? [t('explain.probe.late')]
          : status
            ? [t('explain.probe.status', { status })]
            : []),
      ...(probe ? [probeText(probe)] : []),
      ...seenText(near, message),
    ],
    said: message,
    log: { container: name, previous: false },
    tries: [
      ...(refused ? [{ text: t('explain.probe.tryPort'), action: 'edit' }] : []),
      ...(late ? [{ text: t('explain.probe.tryTimeout'), action: 'edit' }] : []),
      { text: t('explain.crash.tryLogs'), action: 'logs' },
      ...(!refused && !late ? [{ text: t('explain.probe.tryPath'), action: 'edit' }] : []),
    ],
  }
}

function seenText({ events, now }: Surroundings, message: string): string[] {
  const event = events.find((each) => each.message === message)
  if (!event) return []
  const time = ageText(Math.max(0, now - Date.parse(lastSeen(event))))
  return [t('explain.probe.seen', { n: timesSeen(event), time })]
}

/** Runs, and did not a short while ago. */
function explainRestarts(pod: Pod, near: Surroundings): Explanation | undefined {
  const { now } = near
  const statuses = pod.status?.containerStatuses ?? []
  const grace = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1_000
  const killOf = ({ name, lastState }: ContainerStatus): ProbeKill | undefined =>
    lastState?.terminated && probeKillOf(name, lastState.terminated, near, grace)
  const recent = statuses.find((status) => {
    const end = status.lastState?.terminated
    return end && (end.exitCode !== 0 || killOf(status)) && now - Date.parse(end.finishedAt ?? '') < 600_000
  })
  const end = recent?.lastState?.terminated
  if (!recent || !end) return undefined
  const kill = killOf(recent)
  const memory = specOf(pod, recent.name)?.resources?.limits?.memory
  const isOom = end.reason === 'OOMKilled' && memory !== undefined
  return {
    tone: 'warn',
    state: summarizePod(pod).status,
    sentence: t(`explain.restarted.${kill ? 'byProbe' : isOom ? 'oom' : 'sentence'}`, {
      container: recent.name,
      probe: kill?.probe ?? '',
      limit: memory ?? '–',
      end: endText(end),
      time: ageText(Math.max(0, now - Date.parse(end.finishedAt ?? ''))),
    }),
    why: [t('explain.crash.restarts', { n: recent.restartCount })],
    said: end.message ?? kill?.answer,
    log: { container: recent.name, previous: true },
    tries: [
      ...(kill ? [{ text: t('explain.crash.tryProbe', { probe: kill.probe }), action: 'edit' }] : []),
      ...(isOom ? [{ text: t('explain.crash.tryMemory'), action: 'edit' }] : []),
      { text: t('explain.crash.tryLogs'), action: 'logs' },
    ],
  }
}

/** `GET :8080/ready every 10 s, timeout 1 s, 3 failures` */
export function probeText(probe: Probe): string {
  return t('explain.probe.asked', {
    what: probeTarget(probe),
    period: probe.periodSeconds ?? 10,
    timeout: probe.timeoutSeconds ?? 1,
    failures: probe.failureThreshold ?? 3,
  })
}

/** `GET :8080/ready`, `tcp :5432`, `exec pg_isready -U shop`. */
export function probeTarget({ httpGet, tcpSocket, grpc, exec }: Probe): string {
  if (httpGet)
    return `GET ${httpGet.scheme === 'HTTPS' ? 'https ' : ''}${httpGet.host ?? ''}:${httpGet.port}${httpGet.path ?? '/'}`
  if (tcpSocket) return `tcp ${tcpSocket.host ?? ''}:${tcpSocket.port}`
  if (grpc) return `grpc :${grpc.port}${grpc.service ? ` ${grpc.service}` : ''}`
  return `exec ${(exec?.command ?? []).join(' ')}`
}

const specOf = ({ spec }: Pod, name: string): Container | undefined =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((each) => each.name === name)
