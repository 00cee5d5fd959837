import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { PodNetwork } from '../../network/pod-network.ts'
import type { ObservedContainer, Runtime } from '../runtime/runtime.ts'
import { quietMs, type Starts } from '../starts.ts'

/** Sandboxes that run and have an address before their pod is there: half of a pod's start is done ahead. */
export interface WarmSandboxes {
  /** One for a pod, which names it (`adoptSandbox`); undefined when none is there. Its `podUid` is its own id. */
  take(): ObservedContainer | undefined
  /** The engine says that something of this uid has changed. */
  changed(uid: string): void
  /** Ends those that wait. */
  stop(): Promise<void>
}

export interface WarmSandboxesOptions {
  runtime: Pick<Runtime, 'containers' | 'createSandbox' | 'startContainer' | 'removeContainer'>
  network: Pick<PodNetwork, 'prepare' | 'detach'>
  /** Pods that start have the processor for themselves: none is made meanwhile. */
  starts: Pick<Starts, 'busy'>
  clock: Clock
  log: Log
}

/** How many wait: after a burst more, up to `most`, for `burstMs`. */
const least = 2
const most = 8
const burstMs = 60_000
/** The start of the agent is for its pods, too. */
const startMs = 1_500
const retryMs = 5_000

/** An agent that was killed leaves its own behind; the next removes them with what is left of other pods. */
export function createWarmSandboxes({ runtime, network, starts, clock, log }: WarmSandboxesOptions): WarmSandboxes {
  const waiting = new Set<string>()
  let wanted = least
  let stopped = false
  let timer: Stop | undefined
  let calm: Stop | undefined
  let work: Promise<void> = Promise.resolve()

  const sandboxOf = (id: string): ObservedContainer | undefined => {
    const [sandbox] = runtime.containers(id)
    return sandbox?.state === 'running' ? sandbox : undefined
  }
  const remove = async (id: string): Promise<void> => {
    waiting.delete(id)
    await network.detach(id)
    for (const { id: container } of runtime.containers(id)) await runtime.removeContainer(container)
  }
  const make = async (): Promise<void> => {
    const id = `warm-${randomUUID()}`
    try {
      const container = await runtime.createSandbox(warmSpec(id))
      const { pid } = await runtime.startContainer(container)
      await network.prepare({ id, pid })
      waiting.add(id)
    } catch (error) {
      await remove(id)
      throw error
    }
  }
  /** One at a time, for as long as no pod comes and none is being started. */
  const fill = async (): Promise<void> => {
    try {
      for (const id of waiting) if (!sandboxOf(id) || waiting.size > wanted) await remove(id)
      while (!stopped && !timer && waiting.size < wanted) {
        if (starts.busy) fillAfter(quietMs)
        else await make()
      }
    } catch (error) {
      log.debug('no warm sandbox made', { error: messageOf(error) })
      if (!timer) fillAfter(retryMs)
    }
  }
  const fillAfter = (ms: number): void => {
    void timer?.()
    if (stopped) return
    timer = clock.after(ms, () => {
      timer = undefined
      work = work.then(fill)
    })
  }
  const grow = (): void => {
    wanted = Math.min(most, wanted + 1)
    void calm?.()
    calm = clock.after(burstMs, () => {
      wanted = least
      fillAfter(0)
    })
  }
  fillAfter(startMs)

  return {
    take() {
      fillAfter(quietMs)
      for (const id of waiting) {
        waiting.delete(id)
        const sandbox = sandboxOf(id)
        if (sandbox) return sandbox
        work = work.then(() => remove(id))
      }
      grow()
      return undefined
    },
    changed(uid) {
      if (waiting.has(uid) && !sandboxOf(uid)) fillAfter(quietMs)
    },
    async stop() {
      stopped = true
      void timer?.()
      void calm?.()
      await work
      await Promise.all([...waiting].map(remove))
    },
  }
}

const warmSpec = (id: string): Parameters<Runtime['createSandbox']>[0] => ({
  podUid: id,
  podNamespace: '',
  podName: '',
  hostname: 'pod',
  hostNetwork: false,
  hostPid: false,
  hostIpc: false,
  sysctls: {},
})
