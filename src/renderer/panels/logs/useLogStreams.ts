import { onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { Backoff } from '#shared/base/backoff.ts'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createInformer, type Informer } from '#shared/client/informer.ts'
import type { LogOptions } from '#shared/contract/kube.ts'
import type { ContainerStatus, Pod } from '#shared/kube/generated/types.ts'
import { pods } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { openStream, type OpenStream } from '../../api/stream.ts'
import type { ObjectTarget } from '../../composables/target.ts'
import type { LogSource } from '../../stores/dock.ts'
import { LogBuffer } from './log-buffer.ts'

/** One container of one pod. */
export interface LogOrigin {
  label: string
  colour: string
}

export interface LogStreams {
  buffer: LogBuffer
  origins: ShallowRef<readonly LogOrigin[]>
  /** Why logs are missing, by container; '' for the pods as a whole. */
  problems: ShallowRef<ReadonlyMap<string, string>>
  /** Begins anew: with an empty buffer. */
  start(): void
}

export interface LogStreamsOptions {
  target: ObjectTarget
  source: LogSource
  /** The run before the current one, instead of following. */
  previous: Ref<boolean>
  /** `all`: the last lines; else the seconds that are looked back. */
  since: Ref<string>
  /** Called after anything that is shown has changed. */
  onChange(): void
}

/** Fetched of each container at first, lines. */
const firstLines = 5_000
const colours = [
  '#0f9d8f',
  '#c2410c',
  '#4f6df5',
  '#a21caf',
  '#4d7c0f',
  '#b45309',
  '#0369a1',
  '#be185d',
  '#65758b',
  '#7c3aed',
]

/**
 * The logs of one pod, or of all pods that a selector finds, in one buffer: containers join as they start, and a stream
 * that breaks off goes on at its last line.
 */
export function useLogStreams({ target, source, previous, since, onChange }: LogStreamsOptions): LogStreams {
  const api = useApi()
  const { context, namespace = '', uid } = target
  const which =
    'selector' in source ? { labelSelector: source.selector } : { fieldSelector: `metadata.name=${source.pod}` }
  const buffer = new LogBuffer()
  const origins = shallowRef<readonly LogOrigin[]>([])
  const problems = shallowRef<ReadonlyMap<string, string>>(new Map())

  let informer: Informer<Pod> | undefined
  /** Of each container, as `pod/container`: its place in `origins`. */
  let indexes = new Map<string, number>()
  /** Runs of containers whose log has been opened: each restart has a log of its own. */
  let opened = new Set<string>()
  /** Those of this round; `start` begins another one, and what comes from earlier ones is dropped. */
  let streams = new Set<OpenStream<never>>()
  let backoff = new Backoff({ initial: 1_000, max: 30_000 })

  function setProblem(key: string, problem: string | undefined): void {
    if (problems.value.get(key) === problem) return
    const next = new Map(problems.value)
    if (problem === undefined) next.delete(key)
    else next.set(key, problem)
    problems.value = next
  }

  function start(): void {
    stop()
    buffer.clear()
    backoff = new Backoff({ initial: 1_000, max: 30_000 })
    problems.value = new Map()
    origins.value = []
    opened = new Set()
    indexes = new Map()
    const { client } = api.cluster(context)
    informer = createInformer({ client, resource: pods, namespace, ...which, clock: systemClock, log: silentLog })
    informer.onChange({ added: join, updated: (_before, pod) => join(pod) })
    informer.start()
    void checkPods()
    onChange()
  }

  function stop(): void {
    informer?.stop()
    const open = streams
    streams = new Set()
    for (const stream of open) stream.close()
  }

  /** The informer retries for ever; one list tells the user why there are no pods. */
  async function checkPods(): Promise<void> {
    const round = streams
    const list = api.cluster(context).client.list(pods, { namespace, limit: 1, ...which })
    const problem = await list.then(() => undefined, messageOf)
    if (round === streams) setProblem('', problem)
  }

  /** Opens the logs of those containers of a pod that have started. */
  function join(pod: Pod): void {
    const { name: podName = '' } = pod.metadata
    if ('pod' in source && pod.metadata.uid !== uid) {
      setProblem(
        podName,
        'It was deleted and created again. These are the logs of the deleted pod: open those of the new one.',
      )
      return
    }
    for (const container of containerNames(pod)) {
      const status = statusOf(pod, container)
      const restarts = status?.restartCount ?? 0
      const hasLog = status?.state?.running !== undefined || status?.state?.terminated !== undefined
      if (!hasLog && !(previous.value && restarts > 0)) continue
      const run = `${podName}/${container}/${previous.value ? 'previous' : restarts}`
      if (opened.has(run)) continue
      opened.add(run)
      follow(podName, container)
    }
  }

  /** @param after time of the last line that is known; unset at the first opening */
  function follow(pod: string, container: string, after?: string): void {
    const index = indexOf(pod, container)
    const key = `${pod} ${container}`
    const round = streams
    const stream = openStream(api.back.kube.logs, optionsOf(pod, container, after), (message) => {
      if (round !== streams) return
      backoff.forget(key)
      setProblem(key, undefined)
      if ('text' in message) buffer.push(index, message.text, after)
      else if (message.ended) buffer.say(index, `— ${message.ended}`)
      onChange()
    })
    round.add(stream)
    const finish = (): boolean => {
      round.delete(stream)
      if (round !== streams) return false
      buffer.finish(index)
      onChange()
      return true
    }
    stream.done.then(finish, (error: unknown) => {
      if (!finish()) return
      setProblem(key, messageOf(error))
      if (previous.value) return
      setTimeout(() => round === streams && follow(pod, container, buffer.lastTime(index)), backoff.next(key))
    })
  }

  function optionsOf(pod: string, container: string, after: string | undefined): LogOptions {
    const all = { context, namespace, pod, container, timestamps: true }
    const from =
      after !== undefined
        ? { sinceTime: after }
        : since.value === 'all'
          ? { tailLines: firstLines }
          : { sinceSeconds: Number(since.value) }
    return previous.value ? { ...all, ...from, previous: true } : { ...all, ...from, follow: true }
  }

  function indexOf(pod: string, container: string): number {
    const key = `${pod}/${container}`
    const known = indexes.get(key)
    if (known !== undefined) return known
    const index = origins.value.length
    indexes.set(key, index)
    const label = 'pod' in source ? container : `${pod} ${container}`
    origins.value = [...origins.value, { label, colour: colours[index % colours.length] ?? '#888' }]
    return index
  }

  watch([previous, since], start)
  onScopeDispose(stop)
  return { buffer, origins, problems, start }
}

const containerNames = ({ spec }: Pod): string[] =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].map(
    ({ name }) => name,
  )

const statusOf = ({ status }: Pod, name: string): ContainerStatus | undefined =>
  [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((each) => each.name === name)
