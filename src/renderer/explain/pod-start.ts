import type { Pod } from '#shared/kube/generated/types.ts'
import { t } from '../texts/index.ts'
import { lastSeen, newest, timesSeen } from './events.ts'
import type { Surroundings, Try, Untoned } from './explanation.ts'
import { claimsOf } from './pod-scheduling.ts'

/** Why a pod that has a node is not started yet: its volumes or its network. Undefined once its containers are there. */
export function explainStart(pod: Pod, near: Surroundings): Untoned | undefined {
  if (!isStarting(pod)) return undefined
  const event = newest(
    near.events,
    'FailedMount',
    'FailedAttachVolume',
    'FailedMapVolume',
    'FailedCreatePodSandBox',
    'NetworkNotReady',
  )
  // What failed before the pod went on is no reason any more.
  if (!event || Date.parse(lastSeen(event)) < latestStart(pod)) return starting(pod, near)
  const { namespace } = pod.metadata
  const { message = '', reason = '' } = event
  const often = timesSeen(event) > 1 ? [t('explain.seen', { n: timesSeen(event) })] : []
  if (reason === 'FailedCreatePodSandBox' || reason === 'NetworkNotReady')
    return {
      state: 'ContainerCreating',
      sentence: t('explain.start.sandbox', { node: pod.spec?.nodeName ?? '' }),
      why: often,
      said: message,
      tries: nodeTry(pod),
    }
  const [, kind, name] = /(secret|configmap|persistentvolumeclaim) "([^"]+)" not found/i.exec(message) ?? []
  const missing =
    kind &&
    { secret: 'Secret', configmap: 'ConfigMap', persistentvolumeclaim: 'PersistentVolumeClaim' }[kind.toLowerCase()]
  const volume = /volume "([^"]+)"/.exec(message)?.[1]
  if (missing && name)
    return {
      state: 'ContainerCreating',
      sentence: t('explain.start.missing', { kind: missing, name }),
      why: often,
      said: message,
      tries: [
        { text: t('explain.config.tryCreate', { kind: missing, name: name.replace(/^.*\//, '') }) },
        { text: t('explain.start.tryVolume'), action: 'edit' },
      ],
    }
  return {
    state: 'ContainerCreating',
    sentence:
      reason === 'FailedAttachVolume'
        ? t('explain.start.attach', { volume: volume ?? '', node: pod.spec?.nodeName ?? '' })
        : t('explain.start.mount', { volume: volume ?? '' }),
    why: often,
    said: message,
    tries: [
      ...claimsOf(pod).map((claim): Try => ({
        text: t('explain.scheduling.tryClaim', { name: claim }),
        link: { kind: 'PersistentVolumeClaim', name: claim, namespace },
      })),
      { text: t('explain.start.tryVolume'), action: 'edit' },
      ...nodeTry(pod),
    ],
  }
}

/** Nothing has failed: only where it takes longer than a start does. */
function starting(pod: Pod, near: Surroundings): Untoned | undefined {
  const pulling = newest(near.events, 'Pulling', 'Pulled')
  if (pulling?.reason === 'Pulling')
    return {
      state: 'ContainerCreating',
      sentence: t('explain.start.pulling', { node: pod.spec?.nodeName ?? '' }),
      why: [],
      said: pulling.message,
      tries: [],
    }
  const since = near.now - Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? '')
  if (!(since > 30_000)) return undefined
  const agentIsSilent = pod.status?.startTime === undefined
  return {
    state: 'ContainerCreating',
    sentence: agentIsSilent ? t('explain.start.notTaken', { node: pod.spec?.nodeName ?? '' }) : t('explain.start.slow'),
    why: [],
    tries: nodeTry(pod),
  }
}

function isStarting({ spec, status }: Pod): boolean {
  if (!spec?.nodeName || status?.phase !== 'Pending') return false
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  return all.every(({ state }) => {
    const reason = state?.waiting?.reason
    return (
      state?.terminated?.exitCode === 0 ||
      (state?.running === undefined &&
        (reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing'))
    )
  })
}

const latestStart = ({ status }: Pod): number =>
  Math.max(
    0,
    ...(status?.initContainerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? '') || 0),
  )

const nodeTry = ({ spec }: Pod): Try[] =>
  spec?.nodeName
    ? [{ text: t('explain.tryNode', { name: spec.nodeName }), link: { kind: 'Node', name: spec.nodeName } }]
    : []
