import { onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { Backoff } from '#shared/base/backoff.ts'
import { sleep, systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createInformer, type Informer } from '#shared/client/informer.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import { pods } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { openStream } from '../../api/stream.ts'
import type { ObjectTarget } from '../../composables/target.ts'
import type { LogSource } from '../../stores/dock.ts'
import { t } from '../../texts/index.ts'
import type { LogBuffer } from './log-buffer.ts'
import { endText, headingOf } from './log-notes.ts'
import { runsOf, silencesOf, type LogRun, type Silence } from './log-runs.ts'
import { readRun, type LogRange, type ReadOptions } from './read-run.ts'

/** One container of one pod, whose lines carry its place in the list. */
export interface LogOrigin {
  pod: string
  container: string
}

export interface LogStreams {
  origins: ShallowRef<readonly LogOrigin[]>
  /** Pods whose logs are shown, or are to come. */
  pods: ShallowRef<readonly string[]>
  /** Why containers have no log, by pod. */
  silences: ShallowRef<readonly (Silence & { pod: string })[]>
  /** What keeps a log from being read, by container; '' for the pods as a whole. */
  problems: ShallowRef<ReadonlyMap<string, string>>
  /** Whether what the servers hold already is still being read. */
  loading: ShallowRef<boolean>
  /** Begins anew: with an empty buffer. */
  start(): void
}

export interface LogStreamsOptions {
  target: ObjectTarget
  source: LogSource
  buffer: LogBuffer
  range: Ref<LogRange>
  /** Called after anything that is shown has changed. */
  onChange(): void
}

/** How long lines wait to be sorted by time, while some log does not answer, ms. */
const patience = 3_000

interface Container {
  source: number
  /** All runs that were heard of, as they are now. */
  runs: Map<string, LogRun>
  /** Runs are read one after another. */
  reading: Promise<unknown>
}

/** The logs of one pod, or of all pods that a selector finds, run by run: containers join as they start. */
export function useLogStreams({ target, source, buffer, range, onChange }: LogStreamsOptions): LogStreams {
  const api = useApi()
  const { context, namespace = '', uid } = target
  const which =
    'selector' in source ? { labelSelector: source.selector } : { fieldSelector: `metadata.name=${source.pod}` }
  const origins = shallowRef<readonly LogOrigin[]>([])
  const podNames = shallowRef<readonly string[]>([])
  const silences = shallowRef<readonly (Silence & { pod: string })[]>([])
  const problems = shallowRef<ReadonlyMap<string, string>>(new Map())
  const loading = shallowRef(true)

  let informer: Informer<Pod> | undefined
  /** By `pod/container`. */
  let containers = new Map<string, Container>()
  let known = new Map<string, Pod>()
  /** Aborted when another round begins, whose streams are others. */
  let round = new AbortController()
  /** Logs whose older lines are still being read. */
  let behind = 0

  function start(): void {
    stop()
    buffer.clear()
    buffer.hold()
    round = new AbortController()
    behind = 0
    containers = new Map()
    known = new Map()
    problems.value = new Map()
    origins.value = podNames.value = []
    silences.value = []
    loading.value = true
    const { client } = api.cluster(context)
    informer = createInformer({ client, resource: pods, namespace, ...which, clock: systemClock, log: silentLog })
    informer.onChange({ added: join, updated: (_before, pod) => join(pod), deleted: leave })
    informer.start()
    const { signal } = round
    void informer.synced.then(() => !signal.aborted && settle())
    setTimeout(() => !signal.aborted && release(), patience)
    void checkPods(signal)
    onChange()
  }

  function stop(): void {
    informer?.stop()
    round.abort()
  }

  /** The informer retries for ever; one list tells the user why there are no pods. */
  async function checkPods(signal: AbortSignal): Promise<void> {
    const list = api.cluster(context).client.list(pods, { namespace, limit: 1, ...which })
    const problem = await list.then(() => undefined, messageOf)
    if (!signal.aborted) setProblem('', problem)
  }

  /** Shows what has been collected, once the older lines of all logs are there. */
  function settle(): void {
    if (behind === 0 && informer?.hasSynced) release()
  }
  function release(): void {
    buffer.release()
    loading.value = false
    onChange()
  }

  /** Opens the logs of those runs of a pod that have not been opened. */
  function join(pod: Pod): void {
    const { name = '' } = pod.metadata
    const isOther = 'pod' in source && pod.metadata.uid !== uid
    setProblem(`${name}/`, isOther ? t('dock.logs.createdAgain', { pod: name }) : undefined)
    if (isOther) return
    known.set(name, pod)
    tellPods()
    const runs = runsOf(pod)
    for (const run of runs) {
      const container = containerOf(run)
      const before = container.runs.get(run.id)
      container.runs.set(run.id, run)
      if (!before) follow(container, run)
    }
    for (const [key, { runs: heard }] of containers)
      if (key.startsWith(`${name}/`))
        for (const id of heard.keys()) if (!runs.some((run) => run.id === id)) heard.delete(id)
    onChange()
  }

  function leave(pod: Pod): void {
    const { name = '' } = pod.metadata
    known.delete(name)
    tellPods()
    for (const [key, { runs }] of containers) if (key.startsWith(`${name}/`)) runs.clear()
    onChange()
  }

  function tellPods(): void {
    podNames.value = [...new Set([...origins.value.map(({ pod }) => pod), ...known.keys()])]
    silences.value = [...known].flatMap(([pod, object]) => silencesOf(object).map((each) => ({ pod, ...each })))
  }

  function follow(container: Container, run: LogRun): void {
    const { signal } = round
    let isBehind = true
    behind++
    const caughtUp = (): void => {
      if (!isBehind || signal.aborted) return
      isBehind = false
      behind--
      settle()
    }
    // The end of the run before may be on its way still; a stream that hangs holds the next one up for a while only.
    const before = Promise.race([container.reading, sleep(systemClock, patience, signal).catch(() => undefined)])
    container.reading = before
      .then(() => (signal.aborted ? undefined : readWhole(container, run, caughtUp, signal)))
      .catch((error: unknown) => !signal.aborted && setProblem(keyOf(run), messageOf(error)))
      .finally(caughtUp)
  }

  async function readWhole(
    container: Container,
    run: LogRun,
    onCaughtUp: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const backoff = new Backoff({ initial: 1_000, max: 30_000 })
    const heading = headingOf(run)
    if (heading !== undefined) buffer.say(container.source, heading, run.startedAt)
    let last = run
    const isWhole = await readRun({
      source: container.source,
      buffer,
      range: range.value,
      now: () => (last = container.runs.get(run.id) ?? last) && container.runs.get(run.id),
      read: (options) => read(container, run, options, signal),
      onCaughtUp,
      onProblem(error) {
        if (!signal.aborted) setProblem(keyOf(run), error === undefined ? undefined : messageOf(error))
        if (error === undefined) backoff.forget('')
      },
      pause: () => sleep(systemClock, backoff.next(''), signal),
    })
    if (signal.aborted) return
    const { ended } = last
    if (!isWhole && !ended) buffer.say(container.source, t('dock.logs.endUnknown', { container: run.container }))
    else if (ended && run.state !== 'previous' && !run.awaitsNext)
      buffer.say(container.source, endText(run.container, ended), ended.at)
    onChange()
  }

  async function read(container: Container, run: LogRun, options: ReadOptions, signal: AbortSignal): Promise<void> {
    const { pod, container: name } = run
    const open = { context, namespace, pod, container: name, timestamps: true, ...options }
    let reason: string | undefined
    const stream = openStream(api.back.kube.logs, open, (message) => {
      if (signal.aborted) return
      if ('text' in message) {
        buffer.push(container.source, message.text)
        setProblem(keyOf(run), undefined)
      } else reason = message.ended
      onChange()
    })
    signal.addEventListener('abort', stream.close, { once: true })
    try {
      await stream.done
    } finally {
      signal.removeEventListener('abort', stream.close)
    }
    signal.throwIfAborted()
    if (reason) throw new Error(reason)
  }

  function containerOf(run: LogRun): Container {
    const key = keyOf(run)
    const found = containers.get(key)
    if (found) return found
    const made = { source: origins.value.length, runs: new Map<string, LogRun>(), reading: Promise.resolve() }
    containers.set(key, made)
    origins.value = [...origins.value, { pod: run.pod, container: run.container }]
    return made
  }

  function setProblem(key: string, problem: string | undefined): void {
    if (problems.value.get(key) === problem) return
    const next = new Map(problems.value)
    if (problem === undefined) next.delete(key)
    else next.set(key, problem)
    problems.value = next
  }

  watch(range, start)
  onScopeDispose(stop)
  return { origins, pods: podNames, silences, problems, loading, start }
}

const keyOf = ({ pod, container }: LogRun): string => `${pod}/${container}`
