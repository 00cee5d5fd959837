import { expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { silentLog } from '#shared/base/log.ts'
import type { Client, Resource } from '#shared/client/client.ts'
import { createInformer } from '#shared/client/informer.ts'
import { createSharedInformers } from '#shared/client/shared-informers.ts'
import { isPodActive } from '#shared/kube/pod.ts'
import { namespaces, pods } from '#shared/kube/resources.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { startControlPlane, type KubeletBehaviour } from './control-plane.ts'

/** What controllers do from an action to the state that they come to rest in. */
export interface CrashScenario {
  /** They run in one process: they end together. */
  controllers: readonly ((context: ControllerContext) => Stop)[]
  kubelets?: KubeletBehaviour
  steps: readonly Step[]
  /** What must be the same at the end, whatever happened in between: without names and times that differ anyway. */
  state(client: Client, namespace: string): Promise<unknown>
  /** How many pods are created in all. */
  podsCreated: number
  /** How many may be active at the same time. */
  mostActive: number
}

export interface Step {
  act(client: Client, namespace: string): Promise<unknown>
  isSettled(client: Client, namespace: string): Promise<boolean>
}

/**
 * Registers a test that plays `scenario` once undisturbed, then ends the controllers' process at each of their writes
 * in turn (the write reaches the API server, its answer reaches nobody) and starts it again with empty caches, then
 * lets no process live for more than one write, two, three. The end must be the same each time, and no pod may be
 * created twice.
 */
export function crashTest(name: string, scenario: CrashScenario): void {
  it(name, { timeout: 120_000 }, async () => {
    const plane = await startControlPlane()
    plane.startKubelets(scenario.kubelets)
    let serial = 0
    const play = async (lives: (life: number) => number): Promise<Played> => {
      const namespace = `round-${++serial}`
      await plane.client.create(namespaces, { metadata: { name: namespace } })
      return playOnce(scenario, plane.client, namespace, lives)
    }
    try {
      const undisturbed = await play(() => Infinity)
      expect(undisturbed).toMatchObject({ podsCreated: scenario.podsCreated, lives: 1 })
      const isSame = (played: Played, what: string): void => {
        expect(played.state, what).toEqual(undisturbed.state)
        expect(played.podsCreated, `pods created, ${what}`).toBe(scenario.podsCreated)
        expect(played.mostActive, `active pods, ${what}`).toBeLessThanOrEqual(scenario.mostActive)
      }
      for (let write = 1; write <= undisturbed.writes; write++)
        isSame(await play((life) => (life === 0 ? write : Infinity)), `ended at write ${write}`)
      for (const writes of [1, 2, 3]) isSame(await play(() => writes), `ended after every ${writes} writes`)
    } finally {
      await plane.stop()
    }
  })
}

/** Longest time for one step to settle. */
const settleMs = 15_000

interface Played {
  state: unknown
  podsCreated: number
  mostActive: number
  writes: number
  lives: number
}

/** @param writesOf how many writes the nth process may do */
async function playOnce(
  { controllers, steps, state }: CrashScenario,
  client: Client,
  namespace: string,
  writesOf: (life: number) => number,
): Promise<Played> {
  const count = countPods(client, namespace)
  let lives = 0
  let writes = 0
  let process = startProcess(client, controllers, writesOf(lives++))
  for (const { act, isSettled } of steps) {
    await act(client, namespace)
    const deadline = Date.now() + settleMs
    while (!(await isSettled(client, namespace))) {
      if (Date.now() > deadline) {
        await process.stop()
        throw new Error(`life ${lives}, not settled: ${JSON.stringify(await state(client, namespace))}`)
      }
      if (process.hasEnded()) {
        await process.stop()
        writes += process.writes()
        process = startProcess(client, controllers, writesOf(lives++))
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  // What is settled stays as it is.
  await new Promise((resolve) => setTimeout(resolve, 30))
  writes += process.writes()
  await process.stop()
  const played = { state: await state(client, namespace), writes, lives, ...count.result() }
  count.stop()
  return played
}

interface Process {
  hasEnded(): boolean
  writes(): number
  stop(): Promise<void>
}

function startProcess(client: Client, controllers: CrashScenario['controllers'], most: number): Process {
  const mortal = mortalClient(client, most)
  const informers = createSharedInformers({ client, clock: systemClock, log: silentLog })
  const context = { client: mortal.client, informers, clock: systemClock, log: silentLog }
  const stops = controllers.map((start) => start(context))
  return {
    ...mortal,
    async stop() {
      mortal.end()
      for (const stop of stops) await stop()
      informers.stop()
    },
  }
}

/** A client that is cut off with its `most`th write. Events pass: who decides anything by them? */
function mortalClient(client: Client, most: number) {
  let writes = 0
  let ended = false
  const alive = async <T>(call: () => Promise<T>): Promise<T> => {
    if (ended) throw new Error('the process has ended')
    const answer = await call()
    if (ended) throw new Error('the process ended before the answer came')
    return answer
  }
  const write = <T>({ kind }: Pick<Resource, 'kind'>, call: () => Promise<T>): Promise<T> =>
    alive(() => {
      if (kind === 'Event') return call()
      const answer = call()
      if (++writes >= most) ended = true
      return answer
    })
  const mortal: Client = {
    ...client,
    get: (...call) => alive(() => client.get(...call)),
    list: (...call) => alive(() => client.list(...call)),
    create: (...call) => write(call[0], () => client.create(...call)),
    update: (...call) => write(call[0], () => client.update(...call)),
    updateStatus: (...call) => write(call[0], () => client.updateStatus(...call)),
    patch: (...call) => write(call[0], () => client.patch(...call)),
    delete: (...call) => write(call[0], () => client.delete(...call)),
    post: (...call) => write(call[0], () => client.post(...call)),
  }
  return { client: mortal, hasEnded: () => ended, writes: () => writes, end: () => void (ended = true) }
}

function countPods(client: Client, namespace: string) {
  const informer = createInformer({ client, resource: pods, namespace, clock: systemClock, log: silentLog })
  const created = new Set<string>()
  let mostActive = 0
  const look = (): void => {
    const all = informer.list()
    for (const { metadata } of all) created.add(metadata.uid ?? '')
    mostActive = Math.max(mostActive, all.filter(isPodActive).length)
  }
  informer.onChange({ added: look, updated: look })
  informer.start()
  return { result: () => ({ podsCreated: created.size, mostActive }), stop: (): void => informer.stop() }
}
