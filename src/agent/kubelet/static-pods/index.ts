import type { Clock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Client } from '#shared/client/client.ts'
import type { EventRecorder } from '#shared/client/event-recorder.ts'
import { isAlreadyExists, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { watchFolder } from '../folder-watch.ts'
import { hashAnnotation, mirrorOf, runnableOf, type StaticPod } from './manifest.ts'
import { decideStaticPods, keyOf } from './decide.ts'
import { readFolder, type FolderContent } from './folder.ts'

/** Pods from files of this node, shown to users of the API by mirror pods. */
export interface StaticPods {
  /** Reads the folder for the first time. @returns the uids of its pods */
  load(): Promise<ReadonlySet<string>>
  /** A mirror pod of this node has changed, or is gone. */
  mirrorsChanged(): void
  /** Uid of the mirror of a static pod, with which its status is written; undefined while it has none. */
  mirrorUid(uid: string): string | undefined
  start(): Promise<Stop>
}

export interface StaticPodsOptions {
  folder: string
  nodeName: string
  node(): Stored<Node> | undefined
  /** Mirror pods of this node. */
  mirrors(): Stored<Pod>[]
  /** Uids and names (`namespace/name`) of static pods that run or end. */
  running(): ReadonlyMap<string, string>
  /** Runs the pod, or goes on with what its mirror says now. */
  run(pod: Stored<Pod>): void
  /** Ends the pod, with its own grace. */
  end(uid: string): void
  client: Client
  recorder: Pick<EventRecorder, 'event'>
  clock: Clock
  log: Log
}

/** How soon it looks again while something ends or has failed, ms. */
const retryDelay = 1_000

export function createStaticPods(options: StaticPodsOptions): StaticPods {
  const { client, clock, log } = options
  let content: FolderContent = { pods: [], problems: new Map() }
  let told = new Map<string, string>()
  let isWanted = false
  let working: Promise<void> | undefined
  let isStopped = false
  let stopRetry: Stop = () => undefined

  const load = async (): Promise<void> => {
    content = await readFolder(options.folder, options.nodeName)
    tellProblems()
  }
  const tell = (reason: string, message: string): void => {
    log.warn(message)
    const node = options.node()
    if (node) options.recorder.event(node, 'Warning', reason, message)
  }
  const tellProblems = (): void => {
    const { problems } = content
    for (const [path, problem] of problems)
      if (told.get(path) !== problem) tell('InvalidManifest', `Static pod ${path}: ${problem}`)
    told = new Map(problems)
  }

  const create = async (pod: StaticPod): Promise<void> => {
    const node = options.node()
    if (!node) throw new Error('the node is not registered yet')
    try {
      await client.create(pods, mirrorOf(pod, node, timestamp(clock.now())))
    } catch (error) {
      if (isAlreadyExists(error)) return
      const problem = messageOf(error)
      const key = keyOf(pod)
      if (told.get(key) !== problem) tell('FailedMirrorPod', `Failed creating a mirror pod for "${key}": ${problem}`)
      told.set(key, problem)
      throw error
    }
  }
  const remove = async ({ metadata: { name, namespace, uid } }: Stored<Pod>): Promise<void> => {
    try {
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** @returns whether something is left to do that no event tells of */
  const reconcile = async (): Promise<boolean> => {
    const {
      run,
      create: missing,
      remove: stale,
      end,
    } = decideStaticPods({
      wanted: content.pods,
      mirrors: options.mirrors(),
      running: options.running(),
    })
    for (const uid of end) options.end(uid)
    for (const { pod, mirror } of run) options.run(runnableOf(pod, mirror))
    const results = await Promise.allSettled([...stale.map(remove), ...missing.map(create)])
    return end.length > 0 || results.some(({ status }) => status === 'rejected')
  }

  const work = async (): Promise<void> => {
    while (isWanted && !isStopped) {
      isWanted = false
      let isOpen = true
      try {
        isOpen = await reconcile()
      } catch (error) {
        log.warn('static pods not reconciled', { error: messageOf(error) })
      }
      void stopRetry()
      if (isOpen && !isStopped) stopRetry = clock.after(retryDelay, wake)
    }
    working = undefined
  }
  const wake = (): void => {
    isWanted = true
    working ??= work()
  }

  return {
    async load() {
      await load()
      return new Set(content.pods.map(({ uid }) => uid))
    },
    mirrorsChanged: wake,
    mirrorUid(uid) {
      const found = options.mirrors().find(({ metadata }) => metadata.annotations?.[hashAnnotation] === uid)
      return found?.metadata.uid
    },
    async start() {
      const stops = new StopStack()
      stops.add(() => {
        isStopped = true
        return stopRetry()
      })
      stops.add(await watchFolder(options.folder, clock, () => void load().then(wake)))
      wake()
      return () => stops.stop()
    },
  }
}
