import type { Clock } from '#shared/base/clock.ts'
import { StopStack, type Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Informer } from '#shared/client/informer.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import { cellMs, cellOf } from './series-table.ts'
import type { StatsSource } from './stats-source.ts'
import type { Circumstances, UsageStore } from './usage-store.ts'

export interface CollectorOptions {
  source: StatsSource
  store: UsageStore
  nodes: Informer<Node>
  pods: Informer<Pod>
  /** The controllers of ReplicaSets and Jobs. */
  controllerOf: Circumstances['controllerOf']
  clock: Clock
  log: Log
}

/** Turns per cell: nodes take theirs one after another, so that no turn asks all of them. */
const turns = 40
const turnMs = cellMs / turns
const timeoutMs = 5_000
/** Most questions in flight; beyond them a node waits for its next turn. */
const mostAtOnce = 256

/** Asks every ready node once in ten seconds for its usage, always at the same point of a cell. @returns its stop */
export function startCollector({ source, store, nodes, pods, controllerOf, clock, log }: CollectorOptions): Stop {
  const stops = new StopStack()
  const places = new Places()
  const asking = new Map<string, AbortController>()
  const failing = new Set<string>()
  let lastTurn = Math.floor(clock.now() / turnMs) - 1
  let nextTick: Stop | undefined

  async function ask(name: string, cell: number): Promise<void> {
    const abort = new AbortController()
    asking.set(name, abort)
    const stopWaiting = clock.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs} ms`)))
    try {
      const summary = await source.summary(name, abort.signal)
      if (!summary || stops.stopped || !nodes.get(name)) return
      if (failing.delete(name)) log.info('a node tells its usage again', { node: name })
      store.record(name, summary, { at: clock.now(), cell, podOf: (key) => pods.get(key), controllerOf })
    } catch (error) {
      complain(name, error)
    } finally {
      void stopWaiting()
      asking.delete(name)
    }
  }

  /** Logs the first of a row of failures. */
  function complain(name: string, error: unknown): void {
    if (stops.stopped || failing.has(name)) return
    failing.add(name)
    log.warn('a node does not tell its usage', { node: name, error: messageOf(error) })
  }

  function takeTurn(turn: number): void {
    const cell = Math.floor(turn / turns)
    for (const name of places.at(turn % turns)) {
      const node = nodes.get(name)
      if (!node || !isNodeReady(node) || asking.has(name) || asking.size >= mostAtOnce) continue
      void ask(name, cell)
    }
  }

  function tick(): void {
    const turn = Math.floor(clock.now() / turnMs)
    // After a pause (a sleeping machine) at most one round of turns is made up for.
    for (let due = Math.max(lastTurn + 1, turn - turns + 1); due <= turn; due++) takeTurn(due)
    if (cellOf(turn * turnMs) !== cellOf(lastTurn * turnMs)) store.sweep(cellOf(turn * turnMs))
    lastTurn = turn
    nextTick = clock.after(Math.max(0, (turn + 1) * turnMs - clock.now()), tick)
  }

  stops.add(
    nodes.onChange({
      added: ({ metadata }) => places.add(metadata.name),
      deleted({ metadata: { name } }) {
        places.remove(name)
        failing.delete(name)
        store.forgetNode(name)
      },
    }),
  )
  stops.add(pods.onChange({ deleted: ({ metadata }) => store.forgetPod(`${metadata.namespace}/${metadata.name}`) }))
  tick()
  return async () => {
    await nextTick?.()
    const ended = stops.stop()
    for (const abort of asking.values()) abort.abort(new Error('the collector has stopped'))
    await ended
  }
}

/** Gives each node a turn, the one with the fewest nodes. */
class Places {
  readonly #turns: Set<string>[] = Array.from({ length: turns }, () => new Set())
  readonly #of = new Map<string, Set<string>>()

  add(name: string): void {
    if (this.#of.has(name)) return
    let least = this.#turns[0]
    for (const turn of this.#turns) if (!least || turn.size < least.size) least = turn
    if (!least) return
    least.add(name)
    this.#of.set(name, least)
  }

  remove(name: string): void {
    this.#of.get(name)?.delete(name)
    this.#of.delete(name)
  }

  at(turn: number): Iterable<string> {
    return this.#turns[turn] ?? []
  }
}
