import type { ContainerStateTerminated, ContainerStatus, Pod } from '#shared/kube/generated/types.ts'

/** One run of a container: each restart has a log of its own, and a server keeps those of the last two. */
export interface LogRun {
  pod: string
  container: string
  /** Of the run: unlike those of all others. */
  id: string
  /** 1 for the first. */
  number: number
  state: 'running' | 'ended' | 'previous'
  /** When it began; '' when the server does not say. */
  startedAt: string
  ended?: RunEnd
  /** Another run will follow it, as in CrashLoopBackOff. */
  awaitsNext?: true
}

export interface RunEnd {
  code: number
  signal?: number
  reason: string
  at: string
}

/** Why a container has no log. */
export interface Silence {
  container: string
  /** Kubernetes' own word: `ImagePullBackOff`. */
  reason: string
  /** Kubernetes' own sentence. */
  message: string
  /** An init container that has to finish first. */
  waitsFor?: string
}

/** All runs of a pod's containers that a server can tell the log of, in the order in which they were. */
export function runsOf(pod: Pod): LogRun[] {
  return statusesOf(pod).flatMap(({ name, status }) => (status ? runsOfContainer(pod, name, status) : []))
}

function runsOfContainer({ metadata }: Pod, container: string, status: ContainerStatus): LogRun[] {
  const { restartCount, containerID = '' } = status
  const { running, terminated } = status.state ?? {}
  const last = status.lastState?.terminated
  const of = { pod: metadata.name ?? '', container }
  const runs: LogRun[] = []
  const isCurrent = running !== undefined || terminated !== undefined
  if (last) {
    const number = isCurrent ? restartCount : restartCount + 1
    const id = last.containerID || `run ${number}`
    runs.push({ ...of, id, number, state: 'previous', ...(isCurrent ? {} : { awaitsNext: true }), ...ending(last) })
  }
  const number = restartCount + 1
  if (running)
    runs.push({
      ...of,
      id: containerID || `run ${number}`,
      number,
      state: 'running',
      startedAt: timeText(running.startedAt),
    })
  // A container that could not be started has ended without a log.
  else if (terminated && (terminated.containerID || containerID))
    runs.push({
      ...of,
      id: terminated.containerID || containerID,
      number,
      state: 'ended',
      ...ending(terminated),
    })
  return runs
}

const ending = ({ exitCode, signal, reason, startedAt, finishedAt }: ContainerStateTerminated) => ({
  startedAt: timeText(startedAt),
  ended: { code: exitCode, ...(signal ? { signal } : {}), reason: reason ?? '', at: timeText(finishedAt) },
})

const timeText = (time: string | undefined): string => time ?? ''

/** The containers of a pod that have never run, each with the reason. */
export function silencesOf(pod: Pod): Silence[] {
  const { status, metadata } = pod
  const all = statusesOf(pod)
  if (status?.reason && all.every((each) => !each.status))
    return [{ container: '', reason: status.reason, message: status.message ?? '' }]
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  if (unscheduled)
    return [{ container: '', reason: unscheduled.reason ?? 'Unschedulable', message: unscheduled.message ?? '' }]
  if (all.every((each) => !each.status))
    return [{ container: '', reason: status?.phase ?? 'Pending', message: '' }].filter(
      () => metadata.deletionTimestamp === undefined,
    )
  const unfinished = (pod.spec?.initContainers ?? []).find(({ name, restartPolicy }) => {
    const state = status?.initContainerStatuses?.find((each) => each.name === name)?.state
    return restartPolicy === 'Always' ? !state?.running : state?.terminated?.exitCode !== 0
  })
  return all.flatMap(({ name, status: of, init }): Silence[] => {
    if (!of || runsOfContainer(pod, name, of).length > 0) return []
    const { waiting, terminated } = of.state ?? {}
    const { reason = 'Waiting', message = '' } = terminated ?? waiting ?? {}
    const waitsFor = !init && unfinished && reason === 'PodInitializing' ? { waitsFor: unfinished.name } : {}
    return [{ container: name, reason, message, ...waitsFor }]
  })
}

function statusesOf({ spec, status }: Pod): { name: string; status?: ContainerStatus; init: boolean }[] {
  const listed = [
    ...(spec?.initContainers ?? []).map(({ name }) => ({ name, from: status?.initContainerStatuses, init: true })),
    ...(spec?.containers ?? []).map(({ name }) => ({ name, from: status?.containerStatuses, init: false })),
    ...(spec?.ephemeralContainers ?? []).map(({ name }) => ({
      name,
      from: status?.ephemeralContainerStatuses,
      init: false,
    })),
  ]
  return listed.map(({ name, from, init }) => {
    const found = from?.find((each) => each.name === name)
    return { name, init, ...(found ? { status: found } : {}) }
  })
}
